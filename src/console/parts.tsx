/** Pieces of pages: fields, errors, badges, times, what is to be copied. */
import type { Child } from 'hono/jsx'
import { queryOf, type Refused } from './ask.ts'
import { relative } from './words.ts'

/** All that is wrong with a form, each leading to its field; read out when the page comes. */
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
    <div class="notice bad" role="alert" tabindex={-1} data-focus>
      <h2>That did not work</h2>
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
    </div>
  )
}

export function Notice({ tone, children }: { tone: 'good' | 'bad' | 'calm'; children?: Child }) {
  return (
    <div class={`notice ${tone}`} role="status">
      {children}
    </div>
  )
}

interface FieldProps {
  readonly id: string
  readonly label: string
  readonly hint?: string | undefined
  readonly error?: string | undefined
  readonly optional?: boolean | undefined
  /** Gets the ids of what describes the field. */
  readonly control: (described: Readonly<Record<string, string>>) => Child
}

export function Field({ id, label, hint, error, optional, control }: FieldProps) {
  const ids = [...(hint ? [`${id}-hint`] : []), ...(error ? [`${id}-error`] : [])]
  return (
    <div class="field">
      <label for={id}>
        {label}
        {optional && <span class="quiet"> (optional)</span>}
      </label>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="error" id={`${id}-error`}>
          {error}
        </p>
      )}
      {control({
        ...(ids.length > 0 && { 'aria-describedby': ids.join(' ') }),
        ...(error && { 'aria-invalid': 'true' }),
      })}
    </div>
  )
}

/** The word says it; the colour repeats it. */
export function Badge({
  tone,
  children,
}: {
  tone: 'good' | 'bad' | 'warn' | 'calm'
  children?: Child
}) {
  return <span class={`badge ${tone}`}>{children}</span>
}

export function ModeBadge({ mode }: { mode: string }) {
  const tone = mode === 'live' ? 'good' : mode === 'paused' ? 'bad' : 'warn'
  return <Badge tone={tone}>{mode}</Badge>
}

export function Time({
  iso,
  now,
  never = 'never',
}: {
  iso: string | null
  now: number
  never?: string
}) {
  if (iso === null) return <span>{never}</span>
  return (
    <time datetime={iso} title={iso}>
      {relative(iso, now)}
    </time>
  )
}

/** A text to be taken elsewhere; the button is there where a script can copy. */
export function Copyable({ id, label, value }: { id: string; label: string; value: string }) {
  return (
    <div class="copyable">
      <span class="label" id={`${id}-label`}>
        {label}
      </span>
      <div>
        <code id={id}>{value}</code>
        <button
          type="button"
          class="quiet-button"
          data-copy={id}
          aria-describedby={`${id}-label`}
          hidden
        >
          Copy
        </button>
      </div>
    </div>
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
          <span class="hidden"> file of the {what}</span>
        </a>
      ))}
    </p>
  )
}

/** Of what ends by itself. */
export function LastDay({ value, error }: { value: string; error: string | undefined }) {
  return (
    <Field
      id="expiresAt"
      label="Last day"
      hint="Nobody is asked before it ends: put the day into your calendar."
      error={error}
      optional
      control={(described) => (
        <input id="expiresAt" name="expiresAt" type="date" value={value} {...described} />
      )}
    />
  )
}

/** A form of one button. */
export function Act({
  at,
  sends,
  does,
  tone = 'danger',
  confirm,
  called,
  children,
}: {
  at: string
  /** Which one is meant, where the address does not say it. */
  sends?: readonly [name: string, value: string]
  /** Of the button itself. */
  does?: readonly [name: string, value: string] | undefined
  tone?: string
  /** Asked before it is sent, where there are scripts. */
  confirm?: string | undefined
  /** For who cannot see what it stands beside. */
  called?: string
  children: Child
}) {
  return (
    <form method="post" action={at} {...(confirm !== undefined && { 'data-confirm': confirm })}>
      {sends && <input type="hidden" name={sends[0]} value={sends[1]} />}
      <button
        class={tone}
        type="submit"
        {...(does && { name: does[0], value: does[1] })}
        {...(called !== undefined && { 'aria-label': called })}
      >
        {children}
      </button>
    </form>
  )
}
