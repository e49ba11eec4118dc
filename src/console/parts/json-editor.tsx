/** A field that holds JSON, with each fault at its line. */
import { Field } from './fields.tsx'
import { Alert, FAILED } from './notices.tsx'

export interface LineFault {
  /** From 1; undefined: of the whole. */
  readonly line: number | undefined
  readonly path: string
  readonly message: string
}

interface Props {
  readonly id: string
  readonly label: string
  readonly hint?: string
  readonly text: string
  readonly error?: string | undefined
  /** Shown by `LineFaults`, above the form. */
  readonly faults?: readonly LineFault[]
}

const LEAST_LINES = 8
const MOST_LINES = 32

export function JsonEditor({ id, label, hint, text, error, faults = [] }: Props) {
  return (
    <Field
      {...{ id, label, hint }}
      error={faults.length === 0 ? error : 'See above what is wrong, and where.'}
      control={(described) => (
        <textarea
          {...{
            id,
            name: id,
            rows: Math.min(Math.max(text.split('\n').length + 1, LEAST_LINES), MOST_LINES),
            ...described,
          }}
          class="code"
          spellcheck={false}
          autocapitalize="none"
          autocomplete="off"
          wrap="off"
        >
          {/* The first line break of a text area is nobody's. */}
          {`\n${text}`}
        </textarea>
      )}
    />
  )
}

/** Each leads to its line, and shows it for whoever has no script. */
export function LineFaults({
  of,
  text,
  faults,
}: {
  of: string
  text: string
  faults: readonly LineFault[]
}) {
  if (faults.length === 0) return null
  const all = text.split('\n')
  return (
    <Alert title={FAILED}>
      <ul class="faults">
        {faults.map(({ line, path, message }) => (
          <li>
            {line === undefined ? (
              path !== '' && <b>{path}: </b>
            ) : (
              <>
                <a href={`#${of}`} data-line={String(line)}>
                  Line {line}
                </a>
                {path === '' ? ': ' : <> ({path}): </>}
              </>
            )}
            {message}
            {line !== undefined && all[line - 1]?.trim() !== '' && (
              <code class="line">{shortened(all[line - 1]?.trim() ?? '')}</code>
            )}
          </li>
        ))}
      </ul>
    </Alert>
  )
}

const SHOWN = 120

const shortened = (text: string): string =>
  text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
