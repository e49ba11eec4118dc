import type { Child } from 'hono/jsx'
import type { ClientView, SecretView } from '../../admin/clients.ts'
import { pathOf, type Refused } from '../ask.ts'
import type { Form } from '../form.ts'
import { Layout } from '../layout.tsx'
import { LifeCells, LifeHeads } from '../life.tsx'
import { Act, Copyable, ErrorSummary, Field, LastDay, Notice, Time } from '../parts.tsx'
import { may, type Viewer } from '../viewer.ts'

/** With what is shown this once. */
export type NewClient = ClientView & { readonly clientSecret?: string }
export interface NewSecret {
  readonly id: string
  readonly clientSecret: string
}

const KINDS: Readonly<Record<string, string>> = {
  secret: 'client secret',
  assertion: 'signed assertion',
  token: 'tokens of its own provider',
}

interface ListProps {
  readonly viewer: Viewer
  readonly name: string
  readonly items: readonly ClientView[]
  readonly now: number
  readonly made?: NewClient
  readonly given?: Form
  readonly refused?: Refused
}

export function ClientsPage(props: ListProps) {
  const { viewer, name, items, now, made, refused } = props
  const at = pathOf`/admin/connections/${name}/clients`
  return (
    <Layout title={`Clients of ${name}`} viewer={viewer} connection={{ name, tab: 'clients' }}>
      <div>
        <h1>OAuth clients</h1>
        <p class="quiet">
          For identity providers that sign in by OAuth 2.0, or by what they sign themselves
          (workload identities), instead of by a token.
        </p>
      </div>
      <ErrorSummary refused={refused} />
      {made && <Made made={made} />}
      {items.length === 0 ? (
        <p>There are none.</p>
      ) : (
        <div class="table">
          <table class="stack">
            <thead>
              <tr>
                <th scope="col">Client</th>
                <th scope="col">Signs in by</th>
                <th scope="col">Last used</th>
                <th scope="col">Made</th>
                <th scope="col">May</th>
              </tr>
            </thead>
            <tbody>
              {items.map((client) => (
                <tr>
                  <th scope="row">
                    <a href={pathOf`/admin/connections/${name}/clients/${client.clientId}`}>
                      {client.label ?? client.clientId}
                    </a>
                  </th>
                  <td data-label="Signs in by">{KINDS[client.kind] ?? client.kind}</td>
                  <td data-label="Last used">
                    <Time iso={client.lastUsed} now={now} />
                  </td>
                  <td data-label="Made">
                    <Time iso={client.created} now={now} />
                  </td>
                  <td data-label="May">{mayOf(client)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {may(viewer, 'POST', '/connections/:name/clients') && <NewClientForms {...props} at={at} />}
    </Layout>
  )
}

const mayOf = ({ scope }: ClientView) => (scope === 'scim:read' ? 'read' : 'read and write')

function Made({ made }: { made: NewClient }) {
  return (
    <Notice tone="good">
      {made.tokenUrl && <Copyable id="token-url" label="Token endpoint" value={made.tokenUrl} />}
      <Copyable id="client-id" label="Client identifier" value={made.clientId} />
      {made.clientSecret && (
        <>
          <Copyable id="client-secret" label="Client secret" value={made.clientSecret} />
          <p>
            The secret is shown this once and kept nowhere. Enter it before you leave this page.
          </p>
        </>
      )}
    </Notice>
  )
}

function NewClientForms({ at, given, refused }: ListProps & { at: string }) {
  const kind = given?.text('kind')
  const formOf = (...kinds: readonly string[]) => ({
    text: (name: string) => (given && kinds.includes(kind ?? '') ? given.text(name) : ''),
    errorOf: (path: string) =>
      kinds.includes(kind ?? '')
        ? refused?.errors.find((one) => one.path === path || one.path.startsWith(`${path}.`))
            ?.message
        : undefined,
  })
  const secret = formOf('secret')
  const trust = formOf('token', 'assertion')
  const isTrust = kind === 'token' || kind === 'assertion'
  return (
    <>
      <form class="card narrow" method="post" action={at}>
        <fieldset>
          <legend>New client with a secret</legend>
          <p class="hint">
            OAuth 2.0 client credentials, as in Entra: token endpoint, client identifier, client
            secret.
          </p>
          <input type="hidden" name="kind" value="secret" />
          <Text id="label" label="Label" of={secret} optional />
          <LastDay value={secret.text('expiresAt')} error={secret.errorOf('expiresAt')} />
          <ReadOnly id="secret-scope" isOn={secret.text('scope') !== ''} />
          <div class="actions">
            <button type="submit">Make the client</button>
          </div>
        </fieldset>
      </form>
      <details open={isTrust || undefined}>
        <summary>Trust what a provider signs (workload identity, no secret)</summary>
        <form class="card narrow" method="post" action={at}>
          <fieldset>
            <legend>New client without a secret</legend>
            <Field
              id="kind"
              label="It shows"
              control={() => (
                <select id="kind" name="kind">
                  <option value="token" selected={kind === 'token'}>
                    its provider’s token, as a bearer token
                  </option>
                  <option value="assertion" selected={kind === 'assertion'}>
                    a signed assertion at the token endpoint (RFC 7523)
                  </option>
                </select>
              )}
            />
            <Text id="trust-label" name="label" label="Label" of={trust} optional />
            <Text
              id="trust.tenantId"
              label="Entra tenant"
              hint="Its GUID; it fills in issuers, key sets, and Entra’s own audience. Of another provider leave it empty."
              of={trust}
              optional
            />
            <Lines id="trust.audiences" label="Audiences (aud)" of={trust} />
            <Lines id="trust.applications" label="Applications (azp, appid)" of={trust} />
            <Lines id="trust.subjects" label="Subjects (sub)" of={trust} />
            <Lines id="trust.issuers" label="Issuers (iss)" of={trust} />
            <Lines id="trust.keySets" label="Addresses of key sets" of={trust} />
            <Text
              id="clientId"
              label="Client identifier"
              hint="Of an assertion. Left empty: one is made."
              of={trust}
              optional
            />
            <ReadOnly id="trust-scope" isOn={trust.text('scope') !== ''} />
            <div class="actions">
              <button type="submit">Make the client</button>
            </div>
          </fieldset>
        </form>
      </details>
    </>
  )
}

interface Of {
  readonly text: (name: string) => string
  readonly errorOf: (path: string) => string | undefined
}

function Text(props: {
  id: string
  name?: string
  label: string
  hint?: string
  of: Of
  optional?: boolean
}) {
  const { id, name = id, label, hint, of, optional } = props
  return (
    <Field
      {...{ id, label, hint, optional }}
      error={of.errorOf(name)}
      control={(described) => (
        <input
          {...{ id, name, ...described }}
          type="text"
          maxlength={200}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={of.text(name)}
        />
      )}
    />
  )
}

function Lines({ id, label, of }: { id: string; label: string; of: Of }) {
  return (
    <Field
      {...{ id, label }}
      hint="One a line."
      error={of.errorOf(id)}
      optional
      control={(described) => (
        <textarea {...{ id, name: id, rows: 2, ...described }} class="short" spellcheck={false}>
          {`\n${of.text(id)}`}
        </textarea>
      )}
    />
  )
}

function ReadOnly({ id, isOn }: { id: string; isOn: boolean }): Child {
  return (
    <div class="check">
      <input id={id} name="scope" type="checkbox" value="scim:read" checked={isOn} />
      <label for={id}>It only reads</label>
    </div>
  )
}

interface OneProps {
  readonly viewer: Viewer
  readonly name: string
  readonly client: ClientView & { readonly secrets?: readonly SecretView[] }
  readonly now: number
  readonly made?: NewSecret
  readonly given?: Form
  readonly refused?: Refused
}

export function ClientPage({ viewer, name, client, now, made, given, refused }: OneProps) {
  const at = pathOf`/admin/connections/${name}/clients/${client.clientId}`
  const { secrets, trust } = client
  const mayDrop = may(viewer, 'DELETE', '/connections/:name/clients/:id/secrets/:secret')
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
      <section class="card" aria-label="The client">
        {client.tokenUrl && (
          <Copyable id="token-url" label="Token endpoint" value={client.tokenUrl} />
        )}
        <Copyable id="client-id" label="Client identifier" value={client.clientId} />
        <dl class="facts">
          <dt>Signs in by</dt>
          <dd>{KINDS[client.kind] ?? client.kind}</dd>
          <dt>May</dt>
          <dd>{mayOf(client)}</dd>
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
          {Object.entries(trust ?? {}).map(([key, value]) => (
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
      {secrets && (
        <div class="table">
          <table class="stack">
            <caption>Secrets</caption>
            <thead>
              <tr>
                <th scope="col">Secret</th>
                <LifeHeads />
                {mayDrop && <th scope="col">Drop</th>}
              </tr>
            </thead>
            <tbody>
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
            </tbody>
          </table>
        </div>
      )}
      {secrets && may(viewer, 'POST', '/connections/:name/clients/:id/secrets') && (
        <form class="card narrow" method="post" action={at}>
          <fieldset>
            <legend>New secret</legend>
            <LastDay
              value={given?.text('expiresAt') ?? ''}
              error={refused?.errors.find(({ path }) => path === 'expiresAt')?.message}
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
