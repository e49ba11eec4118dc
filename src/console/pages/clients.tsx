import type { ClientView } from '../../admin/clients.ts'
import { pathOf, type Refused } from '../ask.ts'
import type { Form } from '../forms/form.ts'
import { Layout } from '../layout.tsx'
import { LastDay, LinesField, SelectField, TextField, Tick } from '../parts/fields.tsx'
import { Table } from '../parts/lists.tsx'
import { Copyable, Time } from '../parts/marks.tsx'
import { ErrorSummary, Notice } from '../parts/notices.tsx'
import { may, type Viewer } from '../viewer.ts'
import { CLIENT_KINDS, scopeLabel } from '../words.ts'

/** With what is shown this once. */
export type NewClient = ClientView & { readonly clientSecret?: string }

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly items: readonly ClientView[]
  readonly now: number
  readonly made?: NewClient
  readonly given?: Form
  readonly refused?: Refused
}

export function ClientsPage(props: Props) {
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
        <Table heads={['Client', 'Signs in by', 'Last used', 'Made', 'May']}>
          {items.map((client) => (
            <tr>
              <th scope="row">
                <a href={pathOf`/admin/connections/${name}/clients/${client.clientId}`}>
                  {client.label ?? client.clientId}
                </a>
              </th>
              <td data-label="Signs in by">{CLIENT_KINDS[client.kind]}</td>
              <td data-label="Last used">
                <Time iso={client.lastUsed} now={now} />
              </td>
              <td data-label="Made">
                <Time iso={client.created} now={now} />
              </td>
              <td data-label="May">{scopeLabel(client.scope)}</td>
            </tr>
          ))}
        </Table>
      )}
      {may(viewer, 'POST', '/connections/:name/clients') && <NewClientForms {...props} at={at} />}
    </Layout>
  )
}

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

function NewClientForms({ at, given, refused }: Props & { at: string }) {
  const kind = given?.text('kind') ?? ''
  const isTrust = kind === 'token' || kind === 'assertion'
  const sent = (isThis: boolean) => ({
    text: (name: string) => (isThis ? (given?.text(name) ?? '') : ''),
    errorOf: (path: string) =>
      isThis
        ? refused?.errors.find((one) => one.path === path || one.path.startsWith(`${path}.`))
            ?.message
        : undefined,
  })
  const secret = sent(kind === 'secret')
  const trust = sent(isTrust)
  const field = (name: string) => ({
    ...{ id: name, value: trust.text(name), error: trust.errorOf(name), optional: true },
  })
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
          <TextField
            id="label"
            label="Label"
            value={secret.text('label')}
            error={secret.errorOf('label')}
            optional
          />
          <LastDay value={secret.text('expiresAt')} error={secret.errorOf('expiresAt')} />
          <Tick id="secret-scope" name="scope" value="scim:read" isOn={secret.text('scope') !== ''}>
            It only reads
          </Tick>
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
            <SelectField
              id="kind"
              label="It shows"
              value={kind}
              options={[
                ['token', 'its provider’s token, as a bearer token'],
                ['assertion', 'a signed assertion at the token endpoint (RFC 7523)'],
              ]}
            />
            <TextField {...field('label')} id="trust-label" name="label" label="Label" />
            <TextField
              {...field('trust.tenantId')}
              label="Entra tenant"
              hint="Its GUID; it fills in issuers, key sets, and Entra’s own audience. Of another provider leave it empty."
            />
            {TRUST_LISTS.map(([id, label]) => (
              <LinesField {...field(id)} label={label} hint="One a line." />
            ))}
            <TextField
              {...field('clientId')}
              label="Client identifier"
              hint="Of an assertion. Left empty: one is made."
            />
            <Tick id="trust-scope" name="scope" value="scim:read" isOn={trust.text('scope') !== ''}>
              It only reads
            </Tick>
            <div class="actions">
              <button type="submit">Make the client</button>
            </div>
          </fieldset>
        </form>
      </details>
    </>
  )
}

const TRUST_LISTS = [
  ['trust.audiences', 'Audiences (aud)'],
  ['trust.applications', 'Applications (azp, appid)'],
  ['trust.subjects', 'Subjects (sub)'],
  ['trust.issuers', 'Issuers (iss)'],
  ['trust.keySets', 'Addresses of key sets'],
] as const
