/** One notice to one channel, by the rules of calls to apps: https, no redirect, bounded in time. */
import type { After } from '../access/read-at-most.ts'
import { SealError, type Sealing } from '../access/seal.ts'
import { signatureHeaders } from '../access/webhook-signature.ts'
import { checkAppUrl } from '../adapter/url.ts'
import type { ChannelRow } from '../db/alert-channels.ts'
import { headlineOf, type Notice, slackBody, teamsBody, textOf } from '../govern/notice.ts'

const TIMEOUT_MS = 5_000

export interface Mail {
  readonly from: string
  readonly to: string
  readonly subject: string
  readonly text: string
}

export interface SendDeps {
  readonly sealing: Sealing
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
  /** Undefined: the gateway has no binding for e-mail. */
  readonly sendMail: ((mail: Mail) => Promise<unknown>) | undefined
  readonly after: After
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** True only in development: http and loopback hosts are allowed. */
  readonly allowInsecure: boolean
}

/** `reason` is ours: a status, or our own words. */
export type Sent =
  | { readonly kind: 'sent' }
  | { readonly kind: 'failed'; readonly reason: string; readonly isFinal: boolean }

/** What is sealed of a channel. */
export interface ChannelSecrets {
  readonly url: string
  /** Signing secrets of a webhook, newest first. */
  readonly secrets: readonly string[]
}

export function placeOf({ id, connectionId }: Pick<ChannelRow, 'id' | 'connectionId'>) {
  return { connectionId, name: `alert:${id}` }
}

/** @throws {SealError} */
export async function openChannel(
  channel: Pick<ChannelRow, 'id' | 'connectionId' | 'sealed'>,
  sealing: Sealing,
): Promise<ChannelSecrets | undefined> {
  if (!channel.sealed) return undefined
  return JSON.parse(await sealing.open(channel.sealed, placeOf(channel))) as ChannelSecrets
}

/**
 * Why a channel's address is refused; undefined where it may be called. As that of an app, but that a
 * query is a part of it: Teams has its signature there.
 */
export function checkChannelUrl(
  url: string,
  options: { readonly allowInsecure: boolean },
): string | undefined {
  if (!URL.canParse(url)) return 'it is not a URL'
  const { hash, search } = new URL(url)
  if (hash !== '' || url.includes('#')) return 'it must not carry a fragment'
  return checkAppUrl(search === '' ? url : url.slice(0, url.indexOf('?')), options)
}

const failed = (reason: string, isFinal = false): Sent => ({ kind: 'failed', reason, isFinal })

/** @param id what receivers know the notice by: the same in every attempt */
export async function sendNotice(
  deps: SendDeps,
  channel: ChannelRow,
  id: string,
  notice: Notice,
): Promise<Sent> {
  if (channel.kind === 'email') return mail(deps, channel, notice)
  let opened: ChannelSecrets | undefined
  try {
    opened = await openChannel(channel, deps.sealing)
  } catch (error) {
    if (!(error instanceof SealError)) throw error
    return failed('the address of the channel cannot be opened: enter it again')
  }
  if (!opened) return failed('the channel has no address: enter it again')
  switch (channel.kind) {
    case 'webhook': {
      const body = JSON.stringify(notice)
      return post(deps, opened.url, body, (now) => signatureHeaders(id, body, opened.secrets, now))
    }
    case 'slack':
      return post(deps, opened.url, JSON.stringify(slackBody(notice)))
    case 'teams':
      return post(deps, opened.url, JSON.stringify(teamsBody(notice)))
  }
}

async function post(
  { fetch, after, now, allowInsecure }: SendDeps,
  url: string,
  body: string,
  sign: (now: number) => Promise<Readonly<Record<string, string>>> = async () => ({}),
): Promise<Sent> {
  // Asked again: what was stored under other rules, or in another deployment, is not called for that.
  const refusal = checkChannelUrl(url, { allowInsecure })
  if (refusal !== undefined) return failed(`the address is refused: ${refusal}`)
  const headers = { 'content-type': 'application/json', 'user-agent': 'postern' }
  const signature = await sign(now())
  const controller = new AbortController()
  let cancel: () => void = () => {}
  const late = new Promise<Sent>((resolve) => {
    cancel = after(TIMEOUT_MS, () => {
      resolve(failed(`no answer within ${TIMEOUT_MS / 1000} s`))
      controller.abort()
    })
  })
  const exchange = async (): Promise<Sent> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, ...signature },
      body,
      redirect: 'manual',
      signal: controller.signal,
    })
    // Nobody reads what it says; freeing the connection cannot fail anybody.
    response.body?.cancel().catch(() => {})
    if (response.ok) return { kind: 'sent' }
    // Standard Webhooks: 410 is a receiver that wants no more.
    return failed(`answered ${response.status}`, response.status === 410)
  }
  try {
    return await Promise.race([exchange(), late])
  } catch {
    // Foreign words name addresses: only that it failed is told.
    return failed('the connection failed')
  } finally {
    cancel()
  }
}

async function mail({ sendMail }: SendDeps, channel: ChannelRow, notice: Notice): Promise<Sent> {
  const { from, to } = channel.target
  if (!sendMail) return failed('the gateway has no binding ALERT_EMAIL')
  if (from === undefined || to === undefined) return failed('the channel has no addresses')
  try {
    await sendMail({ from, to, subject: headlineOf(notice), text: textOf(notice) })
    return { kind: 'sent' }
  } catch {
    // What the platform says names the addresses.
    return failed('the e-mail was not taken: are both addresses allowed for the binding?')
  }
}
