/** Alerts: what is open, who is told of it and how, and what they were told. */
import type { ChannelView } from '../admin/alert-channels.ts'
import type { AlertView, ToldView } from '../admin/alerts.ts'
import { type Items, pathOf, queryOf, type Refused } from './ask.ts'
import { readForm } from './forms/form.ts'
import type { AddPage, Page } from './page.ts'
import { AlertsPage, type Done } from './pages/alerts.tsx'
import type { ChannelKind } from './pages/new-channel.tsx'
import { CHANNEL_KINDS } from './words.ts'

export function alertPages(add: AddPage): void {
  // Channels of the gateway hear of every connection.
  for (const base of ['', '/connections/:name']) {
    const here = `${base}/alerts`
    const api = ({ param }: Page) =>
      base === '' ? '/alerts' : pathOf`/connections/${param('name')}/alerts`
    const channelAt = (page: Page) =>
      `${api(page)}/channels/${encodeURIComponent(page.param('channel'))}`

    add('GET', here, (page) => alerts(page, api(page)))

    add('POST', `${here}/channels`, async (page) => {
      const form = await readForm(page.c)
      const name = form.text('name').trim()
      const at = `${api(page)}/channels/${encodeURIComponent(name || ' ')}`
      const kind = kindOf(form.text('kind'))
      const critical = form.given('critical') !== undefined
      const wanted = {
        kind,
        severity: critical ? 'critical' : 'warning',
        ...(kind === 'email'
          ? { from: form.text('from').trim(), to: form.text('to').trim() }
          : { url: form.text('url').trim() }),
      }
      // To enter a name twice is a slip, and a PUT would replace the other channel.
      const isNew = { 'if-none-match': '*' }
      type Made = ChannelView & { secret?: string }
      const made = await page.asking.send<Made>('PUT', at, wanted, isNew)
      if (!made.ok) {
        const refused = made.refused.status === 412 ? TAKEN : made.refused
        return alerts(page, api(page), { refused, given: form })
      }
      const { secret } = made.body
      const said = `The channel ${name} is made. Send a test to see that it arrives.`
      return alerts(page, api(page), { said, ...(secret !== undefined && { secret }) })
    })

    add('POST', `${here}/channels/:channel/test`, async (page) => {
      const name = page.param('channel')
      const test = `${channelAt(page)}/test`
      const sent = await page.asking.send<{ delivered: boolean; reason?: string }>('POST', test, {})
      if (!sent.ok) return alerts(page, api(page), { refused: sent.refused })
      const { delivered, reason } = sent.body
      return alerts(page, api(page), {
        tone: delivered ? 'good' : 'bad',
        said: delivered
          ? `${name} has taken a test notice.`
          : `${name} has not taken the test notice: ${reason ?? 'no answer'}. Look at its address, and whether its receiver answers.`,
      })
    })

    add('POST', `${here}/channels/:channel/change`, async (page) => {
      const form = await readForm(page.c)
      const { body, tag } = await page.asking.version<ChannelView>(channelAt(page))
      const { kind, enabled, severity, from, to } = body
      const wanted = {
        kind,
        enabled: form.given('enabled') === undefined ? enabled : form.text('enabled') === 'yes',
        severity: form.given('severity') ?? severity,
        ...(kind === 'email' && { from, to }),
      }
      const changed = await page.asking.send('PUT', channelAt(page), wanted, { 'if-match': tag })
      return changed.ok
        ? page.c.redirect(`/admin${api(page)}`, 303)
        : alerts(page, api(page), { refused: changed.refused })
    })

    add('POST', `${here}/channels/:channel/remove`, async (page) => {
      const ended = await page.asking.send('DELETE', channelAt(page))
      return ended.ok
        ? page.c.redirect(`/admin${api(page)}`, 303)
        : alerts(page, api(page), { refused: ended.refused })
    })

    add('POST', `${here}/channels/:channel/secrets`, async (page) => {
      const at = `${channelAt(page)}/secrets`
      const made = await page.asking.send<{ secret: string }>('POST', at, {})
      if (!made.ok) return alerts(page, api(page), { refused: made.refused })
      const said =
        'Notices are signed with both secrets from now on. Enter the new one, then drop the old one.'
      return alerts(page, api(page), { said, secret: made.body.secret })
    })

    add('POST', `${here}/channels/:channel/secrets/:secret/drop`, async (page) => {
      const at = `${channelAt(page)}/secrets/${encodeURIComponent(page.param('secret'))}`
      const ended = await page.asking.send('DELETE', at)
      return ended.ok
        ? page.c.redirect(`/admin${api(page)}`, 303)
        : alerts(page, api(page), { refused: ended.refused })
    })
  }
}

const TAKEN: Refused = {
  ...{ status: 409, title: 'Taken', detail: 'There is a channel of this name' },
  errors: [{ path: 'name', message: 'there is a channel of this name' }],
}

const KINDS = Object.keys(CHANNEL_KINDS) as readonly ChannelKind[]
const kindOf = (text: string | undefined): ChannelKind =>
  KINDS.find((one) => one === text) ?? 'webhook'

/** @param at below the API, and below the console */
async function alerts(page: Page, at: string, done: Done = {}): Promise<Response> {
  const { c, asking, viewer, param, now } = page
  const name = param('name') || undefined
  const channels = await asking.get<Items<ChannelView>>(`${at}/channels`)
  const told =
    name !== undefined
      ? await asking.get<Items<ToldView>>(
          `${at}/notices${queryOf({ cursor: c.req.query('cursor') })}`,
        )
      : undefined
  const open = name !== undefined ? await asking.get<Items<AlertView>>(at) : undefined
  const kind = kindOf(done.given?.text('kind') ?? c.req.query('kind'))
  const shown = {
    ...{ viewer, name, at: `/admin${at}`, kind, done, now },
    channels: channels.items,
    open: open?.items,
    told,
  }
  return c.html(<AlertsPage {...shown} />)
}
