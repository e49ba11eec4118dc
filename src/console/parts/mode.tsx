/** The mode of a connection: what it is, what that means, when it ends, and the buttons that set it. */
import type { ConnectionView } from '../../admin/connection-view.ts'
import { pathOf } from '../ask.ts'
import { may, type Viewer } from '../viewer.ts'
import { MODES } from '../words.ts'
import { Badge, Time } from './marks.tsx'

export function ModeBadge({ mode }: { mode: string }) {
  const tone = mode === 'live' ? 'good' : mode === 'paused' ? 'bad' : 'warn'
  return <Badge tone={tone}>{mode}</Badge>
}

interface Props {
  readonly connection: ConnectionView
  readonly now: number
}

export function ModeSaid({ connection: { mode, modeUntil }, now }: Props) {
  return (
    <p>
      <Badge tone="calm">{mode}</Badge> {MODES[mode]}
      {modeUntil !== null && mode !== 'paused' && (
        <>
          {' '}
          Ends <Time iso={modeUntil} now={now} />, and is paused then.
        </>
      )}
    </p>
  )
}

export function ModeCard({ viewer, connection, now }: Props & { readonly viewer: Viewer }) {
  const { name, mode } = connection
  return (
    <section class="card" aria-labelledby="mode-title">
      <h2 id="mode-title">Mode</h2>
      <ModeSaid connection={connection} now={now} />
      {may(viewer, 'PATCH', '/connections/:name') && (
        <form method="post" action={pathOf`/admin/connections/${name}/mode`}>
          <div class="actions">
            {Object.keys(MODES)
              .filter((one) => one !== mode)
              .map((one) => (
                <button
                  class={one === 'paused' ? 'danger' : one === 'live' ? '' : 'second'}
                  type="submit"
                  name="mode"
                  value={one}
                  title={MODES[one]}
                >
                  Set to {one}
                </button>
              ))}
          </div>
        </form>
      )}
    </section>
  )
}
