import type { ChannelView } from '../../admin/alert-channels.ts'
import type { AlertView, ToldView } from '../../admin/alerts.ts'
import { type Items, pathOf, type Refused } from '../ask.ts'
import type { Form } from '../forms/form.ts'
import { Layout } from '../layout.tsx'
import { More, Table } from '../parts/lists.tsx'
import { Badge, Copyable, Time, type Tone } from '../parts/marks.tsx'
import { Empty, ErrorSummary, Notice } from '../parts/notices.tsx'
import { may, type Viewer } from '../viewer.ts'
import { plural } from '../words.ts'
import { Channel } from './channel.tsx'
import { type ChannelKind, NewChannel } from './new-channel.tsx'

/** What has just been done, and a secret that is shown this once. */
export interface Done {
  readonly said?: string
  readonly tone?: 'good' | 'bad'
  readonly secret?: string
  readonly refused?: Refused
  /** What was entered, where it comes back. */
  readonly given?: Form
}

interface Props {
  readonly viewer: Viewer
  /** Of the connection; undefined: the channels of the gateway. */
  readonly name: string | undefined
  /** This page. */
  readonly at: string
  readonly channels: readonly ChannelView[]
  readonly open: readonly AlertView[] | undefined
  readonly told: Items<ToldView> | undefined
  /** Of the form for a new channel. */
  readonly kind: ChannelKind
  readonly done: Done
  readonly now: number
}

export function AlertsPage(props: Props) {
  const { viewer, name, at, channels, open, told, kind, done, now } = props
  const mayChange =
    name === undefined
      ? may(viewer, 'PUT', '/alerts/channels/:channel')
      : may(viewer, 'PUT', '/connections/:name/alerts/channels/:channel')
  return (
    <Layout
      title={name === undefined ? 'Alerts' : `Alerts of ${name}`}
      viewer={viewer}
      {...(name === undefined ? { area: 'alerts' } : { connection: { name, tab: 'alerts' } })}
    >
      <h1>Alerts</h1>
      <p>
        {name === undefined
          ? 'Channels of the gateway are told of every connection. Each connection has channels of its own beside.'
          : 'What must not wait until somebody looks. Once while it lasts, again each day, and when it is over.'}
      </p>
      <ErrorSummary refused={done.refused} />
      {done.said !== undefined && (
        <Notice tone={done.tone ?? 'good'}>
          <p>{done.said}</p>
          {done.secret !== undefined && (
            <>
              <Copyable id="secret" label="The signing secret" value={done.secret} />
              <p>It is shown this once. Enter it where the notices are verified.</p>
            </>
          )}
        </Notice>
      )}
      {open !== undefined && name !== undefined && <Open {...{ name, open, now }} />}
      {channels.length === 0 ? (
        <Empty title="No channels">
          {name === undefined
            ? 'Nobody is told of what happens on all connections.'
            : 'Nobody is told but by the channels of the gateway, if it has some.'}
        </Empty>
      ) : (
        <section class="stacked" aria-labelledby="channels">
          <h2 id="channels">Channels</h2>
          <ul class="stacked">
            {channels.map((channel) => (
              <Channel {...{ channel, at, mayChange, now }} />
            ))}
          </ul>
        </section>
      )}
      {mayChange && <NewChannel {...{ at, kind, done }} />}
      {told !== undefined && <ToldLately {...{ at, told, now }} />}
    </Layout>
  )
}

function Open({ name, open, now }: { name: string; open: readonly AlertView[]; now: number }) {
  const findings = pathOf`/admin/connections/${name}/findings`
  return (
    <section class="card" aria-labelledby="open">
      <h2 id="open">Open now</h2>
      {open.length === 0 ? (
        <p>Nothing: all is as it should be. The cron looks every five minutes.</p>
      ) : (
        <ul class="stacked">
          {open.map(({ title, happened, todo, severity, since, detail }) => (
            <li class={`notice ${severity === 'critical' ? 'bad' : 'calm'}`}>
              <h3>{title}</h3>
              <p>{happened}</p>
              <p>
                <strong>What to do:</strong> {todo}
              </p>
              <p>
                Since <Time iso={since} now={now} />.{' '}
                {typeof detail['finding'] === 'string' && (
                  <a href={`${findings}#finding-${detail['finding']}`}>The finding</a>
                )}
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

const TONES: Readonly<Record<ToldView['state'], Tone>> = {
  sent: 'good',
  due: 'calm',
  dropped: 'warn',
  failed: 'bad',
}

function ToldLately({ at, told, now }: { at: string; told: Items<ToldView>; now: number }) {
  if (told.items.length === 0) return <p class="quiet">No notice was sent yet.</p>
  return (
    <>
      <Table caption="Told lately" heads={['What', 'When', 'Channel', 'State']}>
        {told.items.map(({ title, type, channel, state, attempts, reason, at: when }) => (
          <tr>
            <th scope="row">
              {title} {type === 'alert.reminder' && <span class="quiet">reminder</span>}
            </th>
            <td data-label="When">
              <Time iso={when} now={now} />
            </td>
            <td data-label="Channel">{channel ?? 'removed since'}</td>
            <td>
              <Badge tone={TONES[state]}>{state}</Badge>{' '}
              {reason !== null && state !== 'sent' && (
                <span class="quiet">
                  {reason}, {plural(attempts, 'try', 'tries')}
                </span>
              )}
            </td>
          </tr>
        ))}
      </Table>
      <More at={at} cursor={told.nextCursor}>
        Earlier ones
      </More>
    </>
  )
}
