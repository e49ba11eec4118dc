import { messageAt, queryOf } from '../ask.ts'
import { TextField, Tick } from '../parts/fields.tsx'
import { Views } from '../parts/lists.tsx'
import { CHANNEL_KINDS } from '../words.ts'
import type { Done } from './alerts.tsx'

export type ChannelKind = keyof typeof CHANNEL_KINDS

const ADDRESSES: Readonly<Record<Exclude<ChannelKind, 'email'>, string>> = {
  webhook:
    'https and public. Notices are signed, as Standard Webhooks has it: the secret is shown once, here.',
  slack: 'Of an incoming webhook: https://hooks.slack.com/services/...',
  teams: 'Of a workflow “When a Teams webhook request is received”.',
}

/** Each kind has a form of its own. */
export function NewChannel({ at, kind, done }: { at: string; kind: ChannelKind; done: Done }) {
  const field = (id: string) => ({
    ...{ id, value: done.given?.text(id) ?? '', error: messageAt(done.refused, id) },
    maxlength: 2000,
  })
  return (
    <form class="card narrow" method="post" action={`${at}/channels`} id="new">
      <fieldset>
        <legend>New channel</legend>
        <Views
          label="Kind of channel"
          items={Object.entries(CHANNEL_KINDS).map(([one, text]) => ({
            href: `${at}${queryOf({ kind: one })}#new`,
            text,
            isCurrent: one === kind,
          }))}
        />
        <input type="hidden" name="kind" value={kind} />
        <TextField
          {...field('name')}
          label="Name"
          hint="Small letters, digits and -, such as on-call."
        />
        {kind === 'email' ? (
          <>
            <TextField
              {...field('from')}
              label="From"
              hint="An address that the binding ALERT_EMAIL allows."
            />
            <TextField
              {...field('to')}
              label="To"
              hint="One address; a list of your own reaches several people."
            />
          </>
        ) : (
          <TextField {...field('url')} type="url" label="Address" hint={ADDRESSES[kind]} />
        )}
        <Tick id="critical" value="1" isOn={done.given?.given('critical') !== undefined}>
          Critical alerts only
        </Tick>
        <div class="actions">
          <button type="submit">Add the channel</button>
        </div>
      </fieldset>
    </form>
  )
}
