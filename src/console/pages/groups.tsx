import type { GroupView, RoleView } from '../../admin/groups.ts'
import { pathOf } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { More, Search, Table } from '../parts/lists.tsx'
import { Badge, Time } from '../parts/marks.tsx'
import { Empty } from '../parts/notices.tsx'
import type { Viewer } from '../viewer.ts'
import { nameOf } from '../words.ts'

/** A row of the role table. */
export interface RoleRow {
  readonly externalId: string
  readonly app: string
  readonly value: string | number | boolean
}

interface Props {
  readonly viewer: Viewer
  readonly name: string
  /** What is searched for; '': nothing. */
  readonly text: string
  readonly items: readonly GroupView[]
  readonly nextCursor: string | undefined
  /** Of `policy.groups`. */
  readonly mode: string
  readonly roleTable: readonly RoleRow[]
  readonly now: number
}

const GROUP_MODES: Readonly<Record<string, string>> = {
  native: 'Groups are groups of the app.',
  record: 'Groups are recorded here; the app has none, and is not told.',
  roles: 'Groups are roles: the table below says what their members hold in the app.',
}

export function GroupsPage(props: Props) {
  const { viewer, name, text, items, nextCursor, mode, roleTable, now } = props
  const at = pathOf`/admin/connections/${name}/groups`
  return (
    <Layout title={`Groups of ${name}`} viewer={viewer} connection={{ name, tab: 'groups' }}>
      <h1>Groups</h1>
      <p>{GROUP_MODES[mode]}</p>
      <Search
        at={at}
        label="Find a group"
        hint="A part of its name, or one of its ids."
        text={text}
      />
      {items.length === 0 ? (
        <Empty title={text === '' ? 'No groups yet' : 'No such group'}>
          {text === ''
            ? 'They are here once a client has asked for them, or a scan has met them.'
            : 'None of those that are known here has this in its name.'}
        </Empty>
      ) : (
        <Table
          heads={[
            'Group',
            'State',
            'Members',
            mode === 'roles' && 'Role',
            'Members read',
            'In the app',
          ]}
        >
          {items.map((group) => (
            <tr>
              <th scope="row">
                <a href={`${at}/${encodeURIComponent(group.id)}`}>{nameOf(group)}</a>
              </th>
              <td>
                <Badge tone={group.state === 'linked' ? 'good' : 'calm'}>{group.state}</Badge>
              </td>
              <td data-label="Members">
                {group.members.toLocaleString('en')}
                {group.changing > 0 && (
                  <span class="quiet"> and {group.changing.toLocaleString('en')} changing</span>
                )}
              </td>
              {mode === 'roles' && (
                <td data-label="Role">
                  <Roles roles={group.roles} />
                </td>
              )}
              <td data-label="Members read">
                <Time iso={group.membersReadAt} now={now} />
              </td>
              <td data-label="In the app">
                <code>{group.nativeId ?? 'not there yet'}</code>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <More at={at} query={{ query: text }} cursor={nextCursor}>
        More groups
      </More>
      {mode === 'roles' && <RoleTable {...{ roleTable, items }} />}
    </Layout>
  )
}

/** What members of a group hold in the app. */
export function Roles({ roles }: { roles: readonly RoleView[] }) {
  if (roles.length === 0) return <span class="quiet">none</span>
  return (
    <span class="choice">
      {roles.map(({ app, value }) => (
        <code>{`${app} = ${value}`}</code>
      ))}
    </span>
  )
}

function RoleTable({
  roleTable,
  items,
}: {
  roleTable: readonly RoleRow[]
  items: readonly GroupView[]
}) {
  return (
    <Table
      caption="Role table: the first that applies holds"
      heads={['Group (externalId)', 'In the app']}
    >
      {roleTable.map(({ externalId, app, value }) => (
        <tr>
          <th scope="row">
            {items.find((group) => group.externalId === externalId)?.display ?? (
              <code>{externalId}</code>
            )}
          </th>
          <td>
            <code>{`${app} = ${value}`}</code>
          </td>
        </tr>
      ))}
    </Table>
  )
}
