import type { AdministratorTokenView, AdministratorView } from '../../admin/administrators.ts'
import type { JsonObject } from '../../scim/schema.ts'
import { pathOf, type Refused } from '../ask.ts'
import { ChangedMeanwhile, SeenInput } from '../changed-meanwhile.tsx'
import type { Form } from '../form.ts'
import { Layout } from '../layout.tsx'
import { LifeCells, LifeHeads } from '../life.tsx'
import { Act, Badge, Copyable, ErrorSummary, Field, LastDay, Notice, Time } from '../parts.tsx'
import { type Change, overlaid, readSeen, SEEN } from '../seen.ts'
import { may, type Viewer } from '../viewer.ts'

const ROLES: Readonly<Record<string, string>> = {
  auditor: 'looks, and changes nothing',
  operator: 'runs connections',
  owner: 'may everything, administrators included',
}

interface ListProps {
  readonly viewer: Viewer
  readonly items: readonly AdministratorView[]
  readonly now: number
  readonly given?: Form
  readonly refused?: Refused
}

export function AdministratorsPage({ viewer, items, now, given, refused }: ListProps) {
  return (
    <Layout title="Administrators" viewer={viewer} area="administrators">
      <h1>Administrators</h1>
      <ErrorSummary refused={refused} fieldOf={fieldAt} />
      {items.length === 0 ? (
        <p>There are none yet: everybody signs in with the bootstrap token.</p>
      ) : (
        <div class="table">
          <table class="stack">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Role</th>
                <th scope="col">Connections</th>
                <th scope="col">Last seen</th>
              </tr>
            </thead>
            <tbody>
              {items.map(({ id, name, role, connections, lastUsed }) => (
                <tr>
                  <th scope="row">
                    <a href={pathOf`/admin/administrators/${id}`}>{name}</a>
                  </th>
                  <td data-label="Role">{role}</td>
                  <td data-label="Connections">{limitOf(connections)}</td>
                  <td data-label="Last seen">
                    <Time iso={lastUsed} now={now} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <form class="card narrow" method="post" action="/admin/administrators">
        <fieldset>
          <legend>New administrator</legend>
          <Wanted
            text={(name) => given?.text(name) ?? (name === 'all' ? 'yes' : '')}
            refused={refused}
          />
          <div class="actions">
            <button type="submit">Make the administrator</button>
          </div>
        </fieldset>
      </form>
    </Layout>
  )
}

const limitOf = (connections: readonly string[] | null): string =>
  connections === null ? 'all' : connections.join(', ') || 'none that is left'

const fieldAt = (path: string): string => path.split('.')[0] ?? path

function Wanted({
  text,
  refused,
}: {
  text: (name: string) => string
  refused: Refused | undefined
}) {
  const errorOf = (id: string) => refused?.errors.find(({ path }) => fieldAt(path) === id)?.message
  return (
    <>
      <Field
        id="name"
        label="Name"
        hint="Behind Cloudflare Access: the name that Access has for them, their e-mail address."
        error={errorOf('name')}
        control={(described) => (
          <input
            id="name"
            name="name"
            type="text"
            required
            maxlength={200}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            value={text('name')}
            {...described}
          />
        )}
      />
      <Field
        id="role"
        label="Role"
        error={errorOf('role')}
        control={(described) => (
          <select id="role" name="role" {...described}>
            {Object.entries(ROLES).map(([role, says]) => (
              <option value={role} selected={role === text('role')}>
                {`${role}: ${says}`}
              </option>
            ))}
          </select>
        )}
      />
      <div class="check">
        <input id="all" name="all" type="checkbox" value="yes" checked={text('all') !== ''} />
        <label for="all">Of all connections</label>
      </div>
      <Field
        id="connections"
        label="Or of these alone"
        hint="Names of connections, one a line. What reaches across connections is then not theirs."
        error={errorOf('connections')}
        optional
        control={(described) => (
          <textarea
            id="connections"
            name="connections"
            class="short"
            rows={2}
            spellcheck={false}
            {...described}
          >
            {`\n${text('connections')}`}
          </textarea>
        )}
      />
    </>
  )
}

interface OneProps {
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
export function wantedOf({ name, role, connections }: AdministratorView): JsonObject {
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

export function AdministratorPage(props: OneProps) {
  const { viewer, administrator, now, isMade, isSaved, given, refused, token, others } = props
  const { id, name, role, connections, tokens } = administrator
  const at = pathOf`/admin/administrators/${id}`
  const isChange = given?.text('do') === 'change'
  const stored = textsOf(wantedOf(administrator))
  const seen = isChange ? readSeen(given.text(SEEN)) : undefined
  const wanted =
    isChange && others && seen
      ? overlaid(given.text, textsOf(seen), stored)
      : isChange
        ? given.text
        : stored
  const errorOf = (path: string) =>
    isChange ? undefined : refused?.errors.find((one) => one.path === path)?.message
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
      {tokens.length > 0 && (
        <div class="table">
          <table class="stack">
            <caption>Tokens</caption>
            <thead>
              <tr>
                <th scope="col">Label</th>
                <LifeHeads />
                <th scope="col">Revoke</th>
              </tr>
            </thead>
            <tbody>
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
            </tbody>
          </table>
        </div>
      )}
      <form class="card narrow" method="post" action={at}>
        <fieldset>
          <legend>New token</legend>
          <Field
            id="label"
            label="Label"
            hint="Where it is used, such as “laptop” or “CI”."
            error={errorOf('label')}
            optional
            control={(described) => (
              <input
                id="label"
                name="label"
                type="text"
                maxlength={200}
                value={isChange ? '' : (given?.text('label') ?? '')}
                {...described}
              />
            )}
          />
          <LastDay
            value={isChange ? '' : (given?.text('expiresAt') ?? '')}
            error={errorOf('expiresAt')}
          />
          <div class="actions">
            <button type="submit" name="do" value="token">
              Make the token
            </button>
          </div>
        </fieldset>
      </form>
      <form class="card narrow" method="post" action={at}>
        <fieldset>
          <legend>What they may</legend>
          <SeenInput of={(!others && seen) || wantedOf(administrator)} />
          <Wanted text={wanted} refused={isChange ? refused : undefined} />
          <div class="actions">
            <button type="submit" name="do" value="change">
              Save
            </button>
          </div>
        </fieldset>
      </form>
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
