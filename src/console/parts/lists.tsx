/** Lists: a table of them, what leads through them, and how they are taken along. */
import type { Child } from 'hono/jsx'
import { queryOf } from '../ask.ts'

/** On a phone each row is a block of its own: cells say by `data-label` what they are. */
export function Table({
  caption,
  heads,
  children,
}: {
  caption?: string
  /** `false`: the column is not there. */
  heads: readonly (string | false)[]
  children?: Child
}) {
  return (
    <div class="table">
      <table class="stack">
        {caption !== undefined && <caption>{caption}</caption>}
        <thead>
          <tr>
            {heads
              .filter((head) => head !== false)
              .map((head) => (
                <th scope="col">{head}</th>
              ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}

/** Which part of a list, or which kind of a thing, is shown. */
export function Views({
  label,
  items,
  children,
}: {
  label: string
  items: readonly {
    readonly href: string
    readonly text: Child
    readonly isCurrent: boolean
  }[]
  /** Behind them. */
  children?: Child
}) {
  return (
    <nav class="choice" aria-label={label}>
      {items.map(({ href, text, isCurrent }) => (
        <a href={href} {...(isCurrent && { 'aria-current': 'page' as const })}>
          {text}
        </a>
      ))}
      {children}
    </nav>
  )
}

/** The way to the next page of a list, where there is one. */
export function More({
  at,
  query,
  cursor,
  children,
}: {
  at: string
  /** What the list was asked for. */
  query?: Readonly<Record<string, string | undefined>>
  /** `nextCursor` of the list. */
  cursor: string | undefined
  children?: Child
}) {
  if (cursor === undefined) return null
  return (
    <p>
      <a href={`${at}${queryOf({ ...query, cursor })}`}>{children}</a>
    </p>
  )
}

/** A list is searched by a form that leads to it. */
export function Search({
  at,
  label,
  hint,
  text,
}: {
  at: string
  label: string
  hint: string
  text: string
}) {
  return (
    <form class="card search" method="get" action={at}>
      <div class="field wide">
        <label for="query">{label}</label>
        <p class="hint" id="query-hint">
          {hint}
        </p>
        <input
          {...{ id: 'query', name: 'query', type: 'text', value: text, maxlength: 200 }}
          aria-describedby="query-hint"
        />
      </div>
      <div class="actions">
        <button type="submit">Find</button>
        {text !== '' && <a href={at}>All of them</a>}
      </div>
    </form>
  )
}

/** The whole list as a file, by the API, in the name of who looks at the page. */
export function Exports({
  at,
  query,
  what,
}: {
  at: string
  query: Readonly<Record<string, string>>
  what: string
}) {
  return (
    <p class="choice">
      {[
        ['csv', 'CSV'],
        ['ndjson', 'JSON'],
      ].map(([format, label]) => (
        <a href={at + queryOf({ ...query, format })} download>
          {label}
          <span class="unseen"> file of the {what}</span>
        </a>
      ))}
    </p>
  )
}
