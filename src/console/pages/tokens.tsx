import type { TokenView } from '../../admin/tokens.ts'
import { pathOf, type Refused } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { LifeCells, LifeHeads } from '../life.tsx'
import { Act, Copyable, ErrorSummary, Field, LastDay, More, Notice } from '../parts.tsx'
import { may, type Viewer } from '../viewer.ts'

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly items: readonly TokenView[]
  readonly nextCursor: string | undefined
  readonly now: number
  /** Shown this once. */
  readonly created?: string | undefined
  readonly refused?: Refused | undefined
  readonly given?: Readonly<Record<string, string>>
}

export function TokensPage(props: Props) {
  const { viewer, name, items, nextCursor, now, created, refused, given = {} } = props
  const at = pathOf`/admin/connections/${name}/tokens`
  const errorOf = (path: string) => refused?.errors.find((error) => error.path === path)?.message
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
        <div class="table">
          <table class="stack">
            <thead>
              <tr>
                <th scope="col">Label</th>
                <LifeHeads />
                <th scope="col">May</th>
                {mayEnd && <th scope="col">Revoke</th>}
              </tr>
            </thead>
            <tbody>
              {items.map((token) => (
                <tr>
                  <th scope="row">{token.label ?? 'no label'}</th>
                  <LifeCells of={token} now={now} />
                  <td data-label="May">
                    {token.scope === 'scim:read' ? 'read' : 'read and write'}
                  </td>
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
            </tbody>
          </table>
        </div>
      )}
      <More at={at} cursor={nextCursor}>
        Older tokens
      </More>
      {may(viewer, 'POST', '/connections/:name/tokens') && (
        <form class="card narrow" method="post" action={at}>
          <fieldset>
            <legend>New token</legend>
            <Field
              id="label"
              label="Label"
              hint="Who uses it, such as “Entra, production”."
              error={errorOf('label')}
              optional
              control={(described) => (
                <input
                  id="label"
                  name="label"
                  type="text"
                  maxlength={200}
                  value={given['label'] ?? ''}
                  {...described}
                />
              )}
            />
            <LastDay value={given['expiresAt'] ?? ''} error={errorOf('expiresAt')} />
            <div class="check">
              <input id="read" name="scope" type="checkbox" value="scim:read" />
              <label for="read">It only reads</label>
            </div>
            <div class="actions">
              <button type="submit">Make the token</button>
            </div>
          </fieldset>
        </form>
      )}
    </Layout>
  )
}
