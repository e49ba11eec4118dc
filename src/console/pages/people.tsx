import type { AccessView } from '../../admin/access.ts'
import { pathOf } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { Badge, More, Time } from '../parts.tsx'
import type { Viewer } from '../viewer.ts'

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly type: 'User' | 'Group'
  readonly access: AccessView
  readonly now: number
}

export function PeoplePage({ viewer, name, type, access, now }: Props) {
  const { items, notes, nextCursor } = access
  const at = pathOf`/admin/connections/${name}/people`
  const audit = pathOf`/admin/connections/${name}/audit`
  const what = type === 'User' ? 'people' : 'groups'
  const of = (person: string) => `${audit}?person=${encodeURIComponent(person)}`
  return (
    <Layout title={`People of ${name}`} viewer={viewer} connection={{ name, tab: 'people' }}>
      <h1>People and groups</h1>
      <form class="card search" method="get" action={audit}>
        <div class="field">
          <label for="person">Find somebody</label>
          <p class="hint" id="person-hint">
            User name, id in the app, SCIM id or externalId: leads to the timeline.
          </p>
          <input id="person" name="person" type="text" required aria-describedby="person-hint" />
        </div>
        <div class="actions">
          <button type="submit">Show the timeline</button>
        </div>
      </form>
      <nav class="choice" aria-label="What is listed">
        <a href={at} {...(type === 'User' && { 'aria-current': 'page' as const })}>
          People
        </a>
        <a href={`${at}?type=Group`} {...(type === 'Group' && { 'aria-current': 'page' as const })}>
          Groups
        </a>
      </nav>
      {items.length === 0 ? (
        <div class="card empty">
          <h2>No {what} yet</h2>
          <p class="quiet">They are here once a client manages them.</p>
        </div>
      ) : (
        <div class="table">
          <table class="stack">
            <thead>
              <tr>
                <th scope="col">Who</th>
                <th scope="col">State</th>
                <th scope="col">Since</th>
                <th scope="col">Last change</th>
                <th scope="col">In the app</th>
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <tr>
                  <th scope="row">
                    <a href={of(one.id ?? one.nativeId ?? '')}>
                      {one.userName ?? one.display ?? one.nativeId ?? one.id}
                    </a>
                  </th>
                  <td>
                    <Badge tone={one.active === false ? 'warn' : 'good'}>
                      {one.active === false ? 'switched off' : one.state}
                    </Badge>
                  </td>
                  <td data-label="Since">
                    <Time iso={one.since} now={now} never="not known" />{' '}
                    <span class="quiet">{one.how}</span>
                  </td>
                  <td data-label="Last change">
                    <Time iso={one.lastChange} now={now} never="none known" />
                  </td>
                  <td data-label="In the app">
                    <code>{one.nativeId ?? 'not there yet'}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <More at={at} query={{ type }} cursor={nextCursor}>
        More {what}
      </More>
      <ul class="quiet">
        {notes.map((note) => (
          <li>{note}</li>
        ))}
      </ul>
    </Layout>
  )
}
