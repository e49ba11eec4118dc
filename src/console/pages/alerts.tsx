import type { AlertView, ChannelView, ToldView } from '../../admin/alerts.ts'
import type { Done } from '../alert-pages.tsx'
import { pathOf, queryOf } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { Act, Badge, Copyable, ErrorSummary, Field, More, Notice, Time } from '../parts.tsx'
import { may, type Viewer } from '../viewer.ts'
import { plural } from '../words.ts'

export const KINDS = ['webhook', 'slack', 'teams', 'email'] as const
export type Kind = (typeof KINDS)[number]

interface Props {
  readonly viewer: Viewer
  /** Of the connection; undefined: the channels of the gateway. */
  readonly name: string | undefined
  /** This page. */
  readonly at: string
  readonly channels: readonly ChannelView[]
  readonly open: readonly AlertView[] | undefined
  readonly told: { readonly items: readonly ToldView[]; readonly nextCursor?: string } | undefined
  /** Of the form for a new channel. */
  readonly kind: Kind
  readonly done: Done
  readonly now: number
}

const LABELS: Readonly<Record<Kind, string>> = {
  webhook: 'Webhook',
  slack: 'Slack',
  teams: 'Teams',
  email: 'E-mail',
}

const ADDRESSES: Readonly<Record<Exclude<Kind, 'email'>, string>> = {
  webhook:
    'https and public. Notices are signed, as Standard Webhooks has it: the secret is shown once, here.',
  slack: 'Of an incoming webhook: https://hooks.slack.com/services/...',
  teams: 'Of a workflow “When a Teams webhook request is received”.',
}

export function AlertsPage(props: Props) {
  const { viewer, name, at, channels, open, told, kind, done, now } = props
  const path = name === undefined ? '/alerts/channels/:channel' : CHANNEL
  const mayChange = may(viewer, 'PUT', path)
  return (
    <Layout
      title={name === undefined ? 'Alerts' : `Alerts of ${name}`}
      viewer={viewer}
      {...(name === undefined
        ? { area: 'alerts' as const }
        : { connection: { name, tab: 'alerts' as const } })}
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
        <div class="card empty">
          <h2>No channels</h2>
          <p class="quiet">
            {name === undefined
              ? 'Nobody is told of what happens on all connections.'
              : 'Nobody is told but by the channels of the gateway, if it has some.'}
          </p>
        </div>
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

const CHANNEL = '/connections/:name/alerts/channels/:channel'

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

function Channel({
  channel,
  at,
  mayChange,
  now,
}: {
  channel: ChannelView
  at: string
  mayChange: boolean
  now: number
}) {
  const { name, kind, enabled, severity, host, from, to, secrets = [], updated } = channel
  const here = `${at}/channels/${encodeURIComponent(name)}`
  const title = `channel-${name}`
  return (
    <li>
      <section class="card" aria-labelledby={title}>
        <div class="head">
          <h3 id={title}>
            {name} <span class="quiet">{LABELS[kind]}</span>
          </h3>
          <Badge tone={enabled ? 'good' : 'warn'}>{enabled ? 'on' : 'silent'}</Badge>
        </div>
        <dl class="facts">
          <dt>To</dt>
          <dd>{host ?? `${to} (from ${from})`}</dd>
          <dt>Is told</dt>
          <dd>
            {severity === 'critical' ? 'critical alerts only' : 'warnings and critical alerts'}
          </dd>
          <dt>Changed</dt>
          <dd>
            <Time iso={updated} now={now} />
          </dd>
          {secrets.length > 0 && (
            <>
              <dt>Signed with</dt>
              <dd>{plural(secrets.length, 'secret')}</dd>
            </>
          )}
        </dl>
        {mayChange && (
          <div class="actions">
            <Button action={`${here}/test`} label="Send a test" of={name} />
            <Button
              action={`${here}/change`}
              label={enabled ? 'Silence' : 'Switch on'}
              of={name}
              field={['enabled', enabled ? 'no' : 'yes']}
            />
            <Button
              action={`${here}/change`}
              label={severity === 'critical' ? 'Tell warnings too' : 'Critical only'}
              of={name}
              field={['severity', severity === 'critical' ? 'warning' : 'critical']}
            />
            {kind === 'webhook' && (
              <Button action={`${here}/secrets`} label="New signing secret" of={name} />
            )}
            {secrets.length > 1 &&
              secrets.map((secret) => (
                <Button
                  action={`${here}/secrets/${encodeURIComponent(secret)}/drop`}
                  label={`Drop secret ${secret}`}
                  of={name}
                  confirm="Receivers that know only this secret refuse notices from now on. Drop it?"
                />
              ))}
            <Button
              action={`${here}/remove`}
              label="Remove"
              of={name}
              confirm="Notices that wait for this channel are dropped. Remove it?"
              tone="danger"
            />
          </div>
        )}
      </section>
    </li>
  )
}

function Button({
  action,
  label,
  of,
  field,
  confirm,
  tone = 'second',
}: {
  action: string
  label: string
  of: string
  field?: readonly [string, string]
  confirm?: string
  tone?: string
}) {
  return (
    <Act at={action} does={field} tone={tone} confirm={confirm} called={`${label}: ${of}`}>
      {label}
    </Act>
  )
}

function NewChannel({ at, kind, done }: { at: string; kind: Kind; done: Done }) {
  const errorOf = (path: string) => done.refused?.errors.find((one) => one.path === path)?.message
  const given = (field: string) => done.given?.text(field) ?? ''
  const text = (id: string, label: string, hint: string, type = 'text') => (
    <Field
      {...{ id, label, hint, error: errorOf(id) }}
      control={(described) => (
        <input {...{ id, name: id, type, value: given(id), required: true }} {...described} />
      )}
    />
  )
  return (
    <form class="card narrow" method="post" action={`${at}/channels`} id="new">
      <fieldset>
        <legend>New channel</legend>
        <nav class="choice" aria-label="Kind of channel">
          {KINDS.map((one) => (
            <a
              href={`${at}${queryOf({ kind: one })}#new`}
              {...(one === kind && { 'aria-current': 'page' as const })}
            >
              {LABELS[one]}
            </a>
          ))}
        </nav>
        <input type="hidden" name="kind" value={kind} />
        {text('name', 'Name', 'Small letters, digits and -, such as on-call.')}
        {kind === 'email' ? (
          <>
            {text('from', 'From', 'An address that the binding ALERT_EMAIL allows.')}
            {text('to', 'To', 'One address; a list of your own reaches several people.')}
          </>
        ) : (
          text('url', 'Address', ADDRESSES[kind], 'url')
        )}
        <div class="check">
          <input id="critical" name="critical" type="checkbox" value="1" />
          <label for="critical">Critical alerts only</label>
        </div>
        <div class="actions">
          <button type="submit">Add the channel</button>
        </div>
      </fieldset>
    </form>
  )
}

const STATES: Readonly<Record<ToldView['state'], 'good' | 'calm' | 'warn' | 'bad'>> = {
  sent: 'good',
  due: 'calm',
  dropped: 'warn',
  failed: 'bad',
}

function ToldLately({
  at,
  told,
  now,
}: {
  at: string
  told: NonNullable<Props['told']>
  now: number
}) {
  if (told.items.length === 0) return <p class="quiet">No notice was sent yet.</p>
  return (
    <>
      <div class="table">
        <table class="stack">
          <caption>Told lately</caption>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">When</th>
              <th scope="col">Channel</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
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
                  <Badge tone={STATES[state]}>{state}</Badge>{' '}
                  {reason !== null && state !== 'sent' && (
                    <span class="quiet">
                      {reason}, {plural(attempts, 'try', 'tries')}
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More at={at} cursor={told.nextCursor}>
        Earlier ones
      </More>
    </>
  )
}
