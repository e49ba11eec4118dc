import type { ClientView, SecretView } from '../../admin/clients.ts'
import { messageAt, pathOf, type Refused } from '../ask.ts'
import type { Form } from '../forms/form.ts'
import { Layout } from '../layout.tsx'
import { Act } from '../parts/act.tsx'
import { LastDay } from '../parts/fields.tsx'
import { LIFE_HEADS, LifeCells } from '../parts/life.tsx'
import { Table } from '../parts/lists.tsx'
import { Copyable, Time } from '../parts/marks.tsx'
import { ErrorSummary, Notice } from '../parts/notices.tsx'
import { may, type Viewer } from '../viewer.ts'
import { CLIENT_KINDS, scopeLabel } from '../words.ts'

export interface NewSecret {
  readonly id: string
  readonly clientSecret: string
}

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly client: ClientView & { readonly secrets?: readonly SecretView[] }
  readonly now: number
  readonly made?: NewSecret
  readonly given?: Form
  readonly refused?: Refused
}

export function ClientPage({ viewer, name, client, now, made, given, refused }: Props) {
  const at = pathOf`/admin/connections/${name}/clients/${client.clientId}`
  const { secrets } = client
  return (
    <Layout title={`Client of ${name}`} viewer={viewer} connection={{ name, tab: 'clients' }}>
      <div>
        <p class="quiet">
          <a href={pathOf`/admin/connections/${name}/clients`}>OAuth clients</a>
        </p>
        <h1>{client.label ?? client.clientId}</h1>
      </div>
      <ErrorSummary refused={refused} />
      {made && (
        <Notice tone="good">
          <Copyable id="client-secret" label="The new client secret" value={made.clientSecret} />
          <p>It is shown this once and kept nowhere. Enter it, then drop the old one.</p>
        </Notice>
      )}
      <About client={client} now={now} />
      {secrets && <Secrets {...{ viewer, at, secrets, now }} />}
      {secrets && may(viewer, 'POST', '/connections/:name/clients/:id/secrets') && (
        <form class="card narrow" method="post" action={at}>
          <fieldset>
            <legend>New secret</legend>
            <LastDay
              value={given?.text('expiresAt') ?? ''}
              error={messageAt(refused, 'expiresAt')}
            />
            <div class="actions">
              <button type="submit" name="do" value="secret">
                Make the secret
              </button>
            </div>
          </fieldset>
        </form>
      )}
      {may(viewer, 'DELETE', '/connections/:name/clients/:id') && (
        <Act
          at={at}
          does={['do', 'remove']}
          confirm="The client, its secrets, and all tokens that it was given end at once. Remove it?"
        >
          Remove this client
        </Act>
      )}
    </Layout>
  )
}

function About({ client, now }: Pick<Props, 'client' | 'now'>) {
  return (
    <section class="card" aria-label="The client">
      {client.tokenUrl && (
        <Copyable id="token-url" label="Token endpoint" value={client.tokenUrl} />
      )}
      <Copyable id="client-id" label="Client identifier" value={client.clientId} />
      <dl class="facts">
        <dt>Signs in by</dt>
        <dd>{CLIENT_KINDS[client.kind]}</dd>
        <dt>May</dt>
        <dd>{scopeLabel(client.scope)}</dd>
        <dt>Last used</dt>
        <dd>
          <Time iso={client.lastUsed} now={now} />
        </dd>
        <dt>Made</dt>
        <dd>
          <Time iso={client.created} now={now} />
        </dd>
        {client.tokenSeconds !== undefined && (
          <>
            <dt>Its tokens live for</dt>
            <dd>{Math.round(client.tokenSeconds / 60)} minutes</dd>
          </>
        )}
        {Object.entries(client.trust ?? {}).map(([key, value]) => (
          <>
            <dt>
              <code>{key}</code>
            </dt>
            <dd>
              <code>{Array.isArray(value) ? value.join(' ') : String(value)}</code>
            </dd>
          </>
        ))}
      </dl>
    </section>
  )
}

function Secrets({
  viewer,
  at,
  secrets,
  now,
}: Pick<Props, 'viewer' | 'now'> & { at: string; secrets: readonly SecretView[] }) {
  const mayDrop = may(viewer, 'DELETE', '/connections/:name/clients/:id/secrets/:secret')
  return (
    <Table caption="Secrets" heads={['Secret', ...LIFE_HEADS, mayDrop && 'Drop']}>
      {secrets.map((secret) => (
        <tr>
          <th scope="row">
            <code>{secret.id}</code>
          </th>
          <LifeCells of={secret} now={now} />
          {mayDrop && (
            <td>
              <Act
                at={at}
                sends={['secret', secret.id]}
                does={['do', 'drop']}
                confirm="A client that uses this secret gets no token from now on. Drop it?"
                called={`Drop secret ${secret.id}`}
              >
                Drop
              </Act>
            </td>
          )}
        </tr>
      ))}
    </Table>
  )
}
