import type { TokenView } from '../../admin/tokens.ts'
import { messageAt, pathOf, type Refused } from '../ask.ts'
import type { Form } from '../forms/form.ts'
import { Layout } from '../layout.tsx'
import { Act } from '../parts/act.tsx'
import { LastDay, TextField, Tick } from '../parts/fields.tsx'
import { LIFE_HEADS, LifeCells } from '../parts/life.tsx'
import { More, Table } from '../parts/lists.tsx'
import { Copyable } from '../parts/marks.tsx'
import { ErrorSummary, Notice } from '../parts/notices.tsx'
import { may, type Viewer } from '../viewer.ts'
import { scopeLabel } from '../words.ts'

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly items: readonly TokenView[]
  readonly nextCursor: string | undefined
  readonly now: number
  /** Shown this once. */
  readonly created?: string | undefined
  readonly refused?: Refused | undefined
  readonly given?: Form
}

export function TokensPage(props: Props) {
  const { viewer, name, items, nextCursor, now, created, refused, given } = props
  const at = pathOf`/admin/connections/${name}/tokens`
  const field = (id: string) => ({
    value: given?.text(id) ?? '',
    error: messageAt(refused, id),
  })
  const mayEnd = may(viewer, 'DELETE', '/connections/:name/tokens/:id')
  return (
    <Layout title={`Tokens of ${name}`} viewer={viewer} connection={{ name, tab: 'tokens' }}>
      <h1>Tokens</h1>
      <ErrorSummary refused={refused} />
      {created !== undefined && (
        <Notice tone="good">
          <Copyable id="new-token" label="The new token" value={created} />
          <p>
            It is shown this once and kept nowhere. Paste it into the client before you leave this
            page.
          </p>
        </Notice>
      )}
      {items.length === 0 ? (
        <p>There are none: no client can sign in by a token.</p>
      ) : (
        <Table heads={['Label', ...LIFE_HEADS, 'May', mayEnd && 'Revoke']}>
          {items.map((token) => (
            <tr>
              <th scope="row">{token.label ?? 'no label'}</th>
              <LifeCells of={token} now={now} />
              <td data-label="May">{scopeLabel(token.scope)}</td>
              {mayEnd && (
                <td>
                  <Act
                    at={`${at}/${encodeURIComponent(token.id)}/revoke`}
                    confirm="A client that uses this token is refused from now on. Revoke it?"
                    called={`Revoke ${token.label ?? token.id}`}
                  >
                    Revoke
                  </Act>
                </td>
              )}
            </tr>
          ))}
        </Table>
      )}
      <More at={at} cursor={nextCursor}>
        Older tokens
      </More>
      {may(viewer, 'POST', '/connections/:name/tokens') && (
        <form class="card narrow" method="post" action={at}>
          <fieldset>
            <legend>New token</legend>
            <TextField
              id="label"
              label="Label"
              hint="Who uses it, such as “Entra, production”."
              optional
              {...field('label')}
            />
            <LastDay {...field('expiresAt')} />
            <Tick id="read" name="scope" value="scim:read" isOn={field('scope').value !== ''}>
              It only reads
            </Tick>
            <div class="actions">
              <button type="submit">Make the token</button>
            </div>
          </fieldset>
        </form>
      )}
    </Layout>
  )
}
