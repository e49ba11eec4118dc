import type { AccessView } from '../../admin/access.ts'
import { pathOf, queryOf } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { Exports, More, Search, Table, Views } from '../parts/lists.tsx'
import { Badge, Time } from '../parts/marks.tsx'
import { Empty } from '../parts/notices.tsx'
import type { Viewer } from '../viewer.ts'
import { nameOf } from '../words.ts'

export type Which = 'all' | 'off' | 'orphans'

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly which: Which
  /** What is searched for; '': nothing. */
  readonly text: string
  readonly access: Pick<AccessView, 'items' | 'nextCursor'> & Partial<Pick<AccessView, 'notes'>>
  /** Of the access API, for the export of what is listed. */
  readonly query: Readonly<Record<string, string>>
  readonly now: number
}

const LISTS: Readonly<Record<Which, { label: string; none: string; hint: string }>> = {
  all: {
    label: 'Everybody',
    none: 'No people yet',
    hint: 'They are here once a client manages them.',
  },
  off: {
    label: 'Switched off',
    none: 'Nobody is switched off',
    hint: 'Whom a client has disabled is here until it deletes them.',
  },
  orphans: {
    label: 'Managed by nobody',
    none: 'No such account is known',
    hint: 'Accounts of the app that no client manages, by the last finished scan.',
  },
}

/** The access review: who has an account, since when, through what, in which groups. */
export function PeoplePage({ viewer, name, which, text, access, query, now }: Props) {
  const { items, notes = [], nextCursor } = access
  const base = pathOf`/admin/connections/${name}`
  const at = `${base}/people`
  const { none, hint } = LISTS[which]
  return (
    <Layout title={`People of ${name}`} viewer={viewer} connection={{ name, tab: 'people' }}>
      <div class="head">
        <h1>People</h1>
        <Exports
          at={pathOf`/admin/api/connections/${name}/access`}
          query={query}
          what="access review"
        />
      </div>
      <Search
        at={at}
        label="Find somebody"
        hint="A part of the user name, the id in the app, the SCIM id or externalId."
        text={text}
      />
      <Views
        label="Who is listed"
        items={Object.entries(LISTS).map(([one, { label }]) => ({
          href: at + queryOf({ which: one === 'all' ? '' : one }),
          text: label,
          isCurrent: one === which && text === '',
        }))}
      />
      {items.length === 0 ? (
        <Empty title={text === '' ? none : 'Nobody of this name'}>
          {text === '' ? (
            hint
          ) : (
            <a href={`${base}/audit${queryOf({ person: text })}`}>
              Look in the audit, which remembers those who were never let in as well
            </a>
          )}
        </Empty>
      ) : (
        <Table heads={['Who', 'State', 'Since', 'Groups', 'Last change', 'In the app']}>
          {items.map((one) => (
            <tr>
              <th scope="row">
                <a
                  href={
                    one.id === null
                      ? `${base}/audit${queryOf({ person: one.nativeId ?? '' })}`
                      : `${at}/${encodeURIComponent(one.id)}`
                  }
                >
                  {nameOf(one)}
                </a>
              </th>
              <td>
                <Badge
                  tone={one.kind === 'orphan' ? 'calm' : one.active === false ? 'warn' : 'good'}
                >
                  {one.active === false ? 'switched off' : one.state}
                </Badge>
              </td>
              <td data-label="Since">
                <Time iso={one.since} now={now} never="not known" />{' '}
                <span class="quiet" title={one.told}>
                  {one.how}
                </span>
              </td>
              <td data-label="Groups">
                {one.groups.slice(0, 3).map(nameOf).join(', ')}
                {one.groups.length > 3 && ` and ${one.groups.length - 3} more`}
              </td>
              <td data-label="Last change">
                <Time iso={one.lastChange} now={now} never="none known" />
              </td>
              <td data-label="In the app">
                <code>{one.nativeId ?? 'not there yet'}</code>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <More
        at={at}
        query={{ query: text, which: which === 'all' ? '' : which }}
        cursor={nextCursor}
      >
        More people
      </More>
      {notes.length > 0 && (
        <ul class="quiet">
          {notes.map((note) => (
            <li>{note}</li>
          ))}
        </ul>
      )}
    </Layout>
  )
}
