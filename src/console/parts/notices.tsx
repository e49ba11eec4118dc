/** What a page says first: what was done, what went wrong, and that there is nothing. */
import type { Child } from 'hono/jsx'
import type { Refused } from '../ask.ts'

export function Notice({ tone, children }: { tone: 'good' | 'bad' | 'calm'; children?: Child }) {
  return (
    <div class={`notice ${tone}`} role="status">
      {children}
    </div>
  )
}

/** What went wrong: read out when the page comes, and where the keyboard is then. */
export function Alert({ title, children }: { title?: string; children?: Child }) {
  return (
    <div class="notice bad" role="alert" tabindex={-1} data-focus>
      {title !== undefined && <h2>{title}</h2>}
      {children}
    </div>
  )
}

export const FAILED = 'That did not work'

/** All that is wrong with a form, each leading to its field. */
export function ErrorSummary({
  refused,
  fieldOf = (path) => path,
}: {
  refused: Refused | undefined
  /** Id of the field that a path of the API is entered in. */
  fieldOf?: (path: string) => string
}) {
  if (!refused) return null
  return (
    <Alert title={FAILED}>
      {refused.errors.length === 0 ? (
        <p>{refused.detail}</p>
      ) : (
        <ul>
          {refused.errors.map(({ path, message }) => (
            <li>
              <a href={`#${fieldOf(path)}`}>{path}</a>: {message}
            </li>
          ))}
        </ul>
      )}
    </Alert>
  )
}

/** In place of a list. */
export function Empty({ title, children }: { title: string; children?: Child }) {
  return (
    <div class="card empty">
      <h2>{title}</h2>
      {children !== undefined && <p class="quiet">{children}</p>}
    </div>
  )
}
