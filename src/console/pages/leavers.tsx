import type { LeaverView, Removal } from '../../admin/leavers.ts'
import { pathOf, type Refused } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { More, Table } from '../parts/lists.tsx'
import { Time } from '../parts/marks.tsx'
import { Empty, ErrorSummary, Notice } from '../parts/notices.tsx'
import { may, type Viewer } from '../viewer.ts'
import { nameOf, plural } from '../words.ts'

interface Props {
  readonly viewer: Viewer
  readonly name: string
  /** As it was entered; '': the policy's. */
  readonly days: string
  readonly items: readonly LeaverView[]
  readonly nextCursor: string | undefined
  /** What has just been tried. */
  readonly removed?: { readonly items: readonly Removal[]; readonly refused?: Refused } | undefined
  readonly now: number
}

export function LeaversPage({ viewer, name, days, items, nextCursor, removed, now }: Props) {
  const at = pathOf`/admin/connections/${name}/leavers`
  const mayRemove = may(viewer, 'POST', '/connections/:name/leavers/remove')
  return (
    <Layout title={`Leavers of ${name}`} viewer={viewer} connection={{ name, tab: 'leavers' }}>
      <h1>Leavers</h1>
      <p>
        Entra switches off whom it unassigns, and never asks for the account to be removed. Here are
        those who have been off for long. <a href="/admin/leavers">Off-boarding</a> looks for one
        person in all connections.
      </p>
      <ErrorSummary refused={removed?.refused} />
      {removed !== undefined && <Removals items={removed.items} />}
      <form class="card search" method="get" action={at}>
        <div class="field">
          <label for="days">Off for so many days</label>
          <p class="hint" id="days-hint">
            Empty: as the policy of the connection has it.
          </p>
          <input
            {...{ id: 'days', name: 'days', type: 'number', min: 0, max: 3650, value: days }}
            aria-describedby="days-hint"
          />
        </div>
        <div class="actions">
          <button type="submit">Show</button>
        </div>
      </form>
      {items.length === 0 ? (
        <Empty title="Nobody has been off for so long" />
      ) : (
        <form
          class="stacked"
          method="post"
          action={`${at}/remove${days === '' ? '' : `?days=${encodeURIComponent(days)}`}`}
          data-confirm="The accounts that are ticked are removed from the app, as the policy of the connection has it. Go on?"
        >
          <Table heads={['Who', 'Off', 'In the app', 'Page']}>
            {items.map((leaver) => (
              <tr>
                <th scope="row">
                  <span class="check">
                    {mayRemove && (
                      <input
                        {...{
                          id: `who-${leaver.id}`,
                          name: 'who',
                          type: 'checkbox',
                          value: leaver.id,
                        }}
                      />
                    )}
                    <label for={`who-${leaver.id}`}>{nameOf(leaver)}</label>
                  </span>
                </th>
                <td data-label="Off">
                  {plural(leaver.days, 'day')}{' '}
                  <span class="quiet">
                    since <Time iso={leaver.inactiveSince} now={now} />
                  </span>
                </td>
                <td data-label="In the app">
                  <code>{leaver.nativeId}</code>
                </td>
                <td>
                  <a
                    href={pathOf`/admin/connections/${name}/people/${leaver.id}`}
                    aria-label={`Timeline of ${nameOf(leaver)}`}
                  >
                    Timeline
                  </a>
                </td>
              </tr>
            ))}
          </Table>
          {mayRemove && (
            <div class="actions">
              <button class="danger" type="submit">
                Remove those that are ticked
              </button>
              <span class="hint">50 at the most in one go.</span>
            </div>
          )}
        </form>
      )}
      <More at={at} query={{ days }} cursor={nextCursor}>
        More people
      </More>
    </Layout>
  )
}

function Removals({ items }: { items: readonly Removal[] }) {
  const gone = items.filter(({ removed }) => removed).length
  const kept = items.filter(({ removed }) => !removed)
  return (
    <>
      {gone > 0 && (
        <Notice tone="good">
          <p>{plural(gone, 'person is', 'people are')} removed.</p>
        </Notice>
      )}
      {kept.length > 0 && (
        <Notice tone="bad">
          <p>{plural(kept.length, 'person is', 'people are')} not removed:</p>
          <ul>
            {kept.map(({ id, detail }) => (
              <li>
                <code>{id}</code>: {detail}
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </>
  )
}
