import type { GroupView, MembershipView, MemberView } from '../../admin/groups.ts'
import { pathOf, queryOf } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { More, Table } from '../parts/lists.tsx'
import { Badge, Time } from '../parts/marks.tsx'
import { Empty } from '../parts/notices.tsx'
import type { Viewer } from '../viewer.ts'
import { nameOf } from '../words.ts'
import { Roles } from './groups.tsx'

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly group: GroupView
  readonly items: readonly MemberView[]
  readonly nextCursor: string | undefined
  readonly now: number
}

const STANDINGS: Readonly<
  Record<MembershipView['standing'], { label: string; tone: 'good' | 'calm' | 'warn' | 'bad' }>
> = {
  member: { label: 'member', tone: 'good' },
  joining: { label: 'joining', tone: 'calm' },
  leaving: { label: 'leaving', tone: 'calm' },
  waiting: { label: 'waits for the account', tone: 'warn' },
  blocked: { label: 'the app refuses', tone: 'bad' },
}

export function StandingBadge({ standing }: Pick<MembershipView, 'standing'>) {
  const { label, tone } = STANDINGS[standing]
  return <Badge tone={tone}>{label}</Badge>
}

export function GroupPage({ viewer, name, group, items, nextCursor, now }: Props) {
  const { id, nativeId, externalId, state, members, changing, membersReadAt } = group
  const base = pathOf`/admin/connections/${name}`
  const title = nameOf(group)
  return (
    <Layout title={`Group ${title}`} viewer={viewer} connection={{ name, tab: 'groups' }}>
      <div class="head">
        <h1>{title}</h1>
        <Badge tone={state === 'linked' ? 'good' : 'calm'}>{state}</Badge>
      </div>
      <dl class="figures">
        <div>
          <dt>Members</dt>
          <dd>{members.toLocaleString('en')}</dd>
        </div>
        <div>
          <dt>Changing</dt>
          <dd>{changing.toLocaleString('en')}</dd>
        </div>
        <div>
          <dt>All members read</dt>
          <dd>
            <Time iso={membersReadAt} now={now} />
          </dd>
        </div>
        <div>
          <dt>In the app</dt>
          <dd>
            <code>{nativeId ?? 'not there yet'}</code>
          </dd>
        </div>
      </dl>
      <section class="card" aria-labelledby="about">
        <h2 id="about">About it</h2>
        <dl class="facts">
          <dt>SCIM id</dt>
          <dd>
            <code>{id}</code>
          </dd>
          <dt>externalId</dt>
          <dd>{externalId === null ? 'none' : <code>{externalId}</code>}</dd>
          {group.roles.length > 0 && (
            <>
              <dt>Role</dt>
              <dd>
                <Roles roles={group.roles} />
              </dd>
            </>
          )}
        </dl>
        <p>
          <a href={`${base}/audit${queryOf({ person: id })}`}>What became of it: the timeline</a>
        </p>
      </section>
      {membersReadAt === null && (
        <p class="quiet">
          Its members were never read from the app: here are those whom clients have named. The app
          may have more.
        </p>
      )}
      {items.length === 0 ? (
        <Empty title="No members" />
      ) : (
        <Table caption="Members" heads={['Who', 'Membership', 'Account', 'Since']}>
          {items.map((member) => (
            <tr>
              <th scope="row">
                <a
                  href={`${base}/${member.type === 'Group' ? 'groups' : 'people'}/${encodeURIComponent(member.id)}`}
                >
                  {nameOf(member)}
                </a>
              </th>
              <td>
                <StandingBadge standing={member.standing} />
              </td>
              <td data-label="Account">
                {member.active === false && <Badge tone="warn">switched off</Badge>}{' '}
                <code>{member.nativeId ?? 'not there yet'}</code>
              </td>
              <td data-label="Since">
                <Time iso={member.at} now={now} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      <More at={`${base}/groups/${encodeURIComponent(id)}`} cursor={nextCursor}>
        More members
      </More>
    </Layout>
  )
}
