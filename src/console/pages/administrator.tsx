import type { AdministratorTokenView, AdministratorView } from '../../admin/administrators.ts'
import type { JsonObject } from '../../scim/schema.ts'
import { messageAt, pathOf, type Refused } from '../ask.ts'
import type { Form } from '../forms/form.ts'
import { type Change, overlaid, readSeen, SEEN } from '../forms/seen.ts'
import { Layout } from '../layout.tsx'
import { Act } from '../parts/act.tsx'
import { ChangedMeanwhile, SeenInput } from '../parts/changed-meanwhile.tsx'
import { LastDay, TextField } from '../parts/fields.tsx'
import { LIFE_HEADS, LifeCells } from '../parts/life.tsx'
import { Table } from '../parts/lists.tsx'
import { Badge, Copyable } from '../parts/marks.tsx'
import { ErrorSummary, Notice } from '../parts/notices.tsx'
import { may, type Viewer } from '../viewer.ts'
import { AdministratorFields, fieldAt, limitOf } from './administrator-fields.tsx'

interface Props {
  readonly viewer: Viewer
  readonly administrator: AdministratorView & { readonly tokens: readonly AdministratorTokenView[] }
  readonly now: number
  readonly isMade: boolean
  readonly isSaved: boolean
  readonly given?: Form
  readonly refused?: Refused
  readonly token?: string
  readonly others?: readonly Change[]
}

/** What the form of one is about. */
export function powersOf({ name, role, connections }: AdministratorView): JsonObject {
  return { name, role, connections: connections && [...connections] }
}

/** As its fields have it. */
function textsOf({ name, role, connections }: JsonObject): (field: string) => string {
  const texts: Readonly<Record<string, unknown>> = {
    ...{ name, role, all: connections === null ? 'yes' : '' },
    connections: Array.isArray(connections) ? connections.join('\n') : '',
  }
  return (field) => String(texts[field] ?? '')
}

export function AdministratorPage(props: Props) {
  const { viewer, administrator, now, isMade, isSaved, refused, token, others } = props
  const { id, name, role, connections, tokens } = administrator
  const at = pathOf`/admin/administrators/${id}`
  return (
    <Layout title={name} viewer={viewer} area="administrators">
      <div>
        <p class="quiet">
          <a href="/admin/administrators">Administrators</a>
        </p>
        <h1>{name}</h1>
        <p>
          <Badge tone="calm">{role}</Badge>{' '}
          <span class="quiet">
            of {connections === null ? 'all connections' : limitOf(connections)}
            {viewer.id === id && ' · this is you'}
          </span>
        </p>
      </div>
      <ErrorSummary refused={refused} fieldOf={fieldAt} />
      <ChangedMeanwhile changes={others} />
      {token !== undefined && (
        <Notice tone="good">
          <Copyable id="new-token" label="The new token" value={token} />
          <p>It is shown this once and kept nowhere. Whoever has it is {name} here.</p>
        </Notice>
      )}
      {isMade && token === undefined && (
        <Notice tone="good">
          <p>
            {name} is an administrator now. Without Cloudflare Access they need a token: make one
            below, and hand it over where nobody else reads it.
          </p>
        </Notice>
      )}
      {isSaved && !refused && (
        <Notice tone="good">
          <p>Saved.</p>
        </Notice>
      )}
      {tokens.length > 0 && <Tokens {...{ at, tokens, now }} />}
      <NewToken {...props} at={at} />
      <Powers {...props} at={at} />
      {may(viewer, 'DELETE', '/administrators/:id') && (
        <Act
          at={at}
          does={['do', 'remove']}
          confirm={`${name} and all of their tokens end at once. Remove them?`}
        >
          Remove this administrator
        </Act>
      )}
    </Layout>
  )
}

function Tokens({
  at,
  tokens,
  now,
}: {
  at: string
  tokens: readonly AdministratorTokenView[]
  now: number
}) {
  return (
    <Table caption="Tokens" heads={['Label', ...LIFE_HEADS, 'Revoke']}>
      {tokens.map((one) => (
        <tr>
          <th scope="row">{one.label ?? 'no label'}</th>
          <LifeCells of={one} now={now} />
          <td>
            <Act
              at={at}
              sends={['token', one.id]}
              does={['do', 'revoke']}
              confirm="Whoever uses this token is signed out. Revoke it?"
              called={`Revoke ${one.label ?? one.id}`}
            >
              Revoke
            </Act>
          </td>
        </tr>
      ))}
    </Table>
  )
}

type FormProps = Props & { readonly at: string }

/** Two forms share the page: what came back is of one of them. */
const isOfPowers = (given: Form | undefined) => given?.text('do') === 'change'

function NewToken({ at, given, refused }: FormProps) {
  const isSent = !isOfPowers(given)
  const field = (id: string) => ({
    value: isSent ? (given?.text(id) ?? '') : '',
    error: isSent ? messageAt(refused, id) : undefined,
  })
  return (
    <form class="card narrow" method="post" action={at}>
      <fieldset>
        <legend>New token</legend>
        <TextField
          id="label"
          label="Label"
          hint="Where it is used, such as “laptop” or “CI”."
          optional
          {...field('label')}
        />
        <LastDay {...field('expiresAt')} />
        <div class="actions">
          <button type="submit" name="do" value="token">
            Make the token
          </button>
        </div>
      </fieldset>
    </form>
  )
}

function Powers({ at, administrator, given, refused, others }: FormProps) {
  const isSent = isOfPowers(given)
  const now = powersOf(administrator)
  const stored = textsOf(now)
  const seen = isSent ? readSeen(given?.text(SEEN) ?? '') : undefined
  const sent = isSent && given ? given.text : stored
  const text = others && seen ? overlaid(sent, textsOf(seen), stored) : sent
  return (
    <form class="card narrow" method="post" action={at}>
      <fieldset>
        <legend>What they may</legend>
        <SeenInput of={(!others && seen) || now} />
        <AdministratorFields text={text} refused={isSent ? refused : undefined} />
        <div class="actions">
          <button type="submit" name="do" value="change">
            Save
          </button>
        </div>
      </fieldset>
    </form>
  )
}
