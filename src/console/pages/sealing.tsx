import type { SealingView } from '../../admin/sealing.ts'
import { pathOf } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { Table } from '../parts/lists.tsx'
import { Badge } from '../parts/marks.tsx'
import type { Viewer } from '../viewer.ts'
import { plural } from '../words.ts'

const USES = {
  current: { tone: 'good', says: 'in use' },
  previous: { tone: 'warn', says: 'former' },
  lost: { tone: 'bad', says: 'lost' },
} as const

export function SealingPage({ viewer, sealing }: { viewer: Viewer; sealing: SealingView }) {
  const { keys, mayDrop, lost } = sealing
  const isMoving = keys.some(({ use, secrets }) => use === 'previous' && secrets > 0)
  return (
    <Layout title="Sealing keys" viewer={viewer} area="sealing">
      <div>
        <h1>Sealing keys</h1>
        <p class="quiet">
          What the apps’ secrets are encrypted with: <code>POSTERN_SEALING_KEY</code>, and former
          ones in <code>POSTERN_SEALING_KEYS_PREVIOUS</code>.
        </p>
      </div>
      {lost.length > 0 && (
        <section class="notice bad" aria-labelledby="lost-title">
          <h2 id="lost-title">Secrets that no key of this gateway opens</h2>
          <p>
            Put the key back into <code>POSTERN_SEALING_KEYS_PREVIOUS</code>, or enter these secrets
            again.
          </p>
          <ul>
            {lost.map(({ connection, secret }) => (
              <li>
                <a href={pathOf`/admin/connections/${connection}/settings`}>{connection}</a>:{' '}
                {secret === '*'
                  ? 'what the app handed out itself: enter any of its secrets anew'
                  : secret}
              </li>
            ))}
          </ul>
        </section>
      )}
      {keys.length === 0 ? (
        <p>No sealing key is set, and nothing is sealed. A connection with secrets needs one.</p>
      ) : (
        <Table heads={['Key', 'State', 'Seals', 'What to do']}>
          {keys.map(({ keyId, use, secrets }) => (
            <tr>
              <th scope="row">
                <code>{keyId}</code>
              </th>
              <td data-label="State">
                <Badge tone={USES[use].tone}>{USES[use].says}</Badge>
              </td>
              <td data-label="Seals">{plural(secrets, 'secret')}</td>
              <td>
                {mayDrop.includes(keyId)
                  ? 'It seals nothing any more: it may be dropped.'
                  : use === 'previous'
                    ? 'Keep it until it seals nothing.'
                    : ''}
              </td>
            </tr>
          ))}
        </Table>
      )}
      {isMoving && <p>The cron seals some 200 secrets a minute with the new key.</p>}
    </Layout>
  )
}
