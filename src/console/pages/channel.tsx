import type { ChannelView } from '../../admin/alert-channels.ts'
import { Act } from '../parts/act.tsx'
import { Badge, Time } from '../parts/marks.tsx'
import { CHANNEL_KINDS, plural } from '../words.ts'

interface Props {
  readonly channel: ChannelView
  /** The page that it stands on. */
  readonly at: string
  readonly mayChange: boolean
  readonly now: number
}

/** Who is told, of what, and the buttons for it. */
export function Channel({ channel, at, mayChange, now }: Props) {
  const { name, kind, enabled, severity, host, from, to, secrets = [], updated } = channel
  const title = `channel-${name}`
  return (
    <li>
      <section class="card" aria-labelledby={title}>
        <div class="head">
          <h3 id={title}>
            {name} <span class="quiet">{CHANNEL_KINDS[kind]}</span>
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
        {mayChange && <Buttons channel={channel} at={at} />}
      </section>
    </li>
  )
}

function Buttons({ channel, at }: Pick<Props, 'channel' | 'at'>) {
  const { name, kind, enabled, severity, secrets = [] } = channel
  const here = `${at}/channels/${encodeURIComponent(name)}`
  const button = (
    action: string,
    label: string,
    more: Partial<Pick<Parameters<typeof Act>[0], 'does' | 'confirm' | 'tone'>> = {},
  ) => (
    <Act at={`${here}/${action}`} called={`${label}: ${name}`} tone="second" {...more}>
      {label}
    </Act>
  )
  return (
    <div class="actions">
      {button('test', 'Send a test')}
      {button('change', enabled ? 'Silence' : 'Switch on', {
        does: ['enabled', enabled ? 'no' : 'yes'],
      })}
      {button('change', severity === 'critical' ? 'Tell warnings too' : 'Critical only', {
        does: ['severity', severity === 'critical' ? 'warning' : 'critical'],
      })}
      {kind === 'webhook' && button('secrets', 'New signing secret')}
      {secrets.length > 1 &&
        secrets.map((secret) =>
          button(`secrets/${encodeURIComponent(secret)}/drop`, `Drop secret ${secret}`, {
            confirm: 'Receivers that know only this secret refuse notices from now on. Drop it?',
          }),
        )}
      {button('remove', 'Remove', {
        confirm: 'Notices that wait for this channel are dropped. Remove it?',
        tone: 'danger',
      })}
    </div>
  )
}
