/** Two who change the same at once: what the other one saved, and what this form was filled in over. */
import type { Json } from '../../scim/schema.ts'
import { textOf } from '../forms/json-text.ts'
import { type Change, SEEN } from '../forms/seen.ts'
import { Alert } from './notices.tsx'

/** Of a value; a list of a thousand is not read here. */
const MOST_SHOWN = 200

/** What somebody else saved while this form was being filled in. */
export function ChangedMeanwhile({
  changes,
  isWhole = false,
}: {
  changes: readonly Change[] | undefined
  /** The form is one text: nothing of what is stored now is in it. */
  isWhole?: boolean
}) {
  if (!changes || changes.length === 0) return null
  return (
    <Alert title="Nothing was saved: somebody else has changed this meanwhile">
      <ul>
        {changes.map(({ path, before, after }) => (
          <li>
            <code>{path}</code>: {shown(before)} became {shown(after)}
          </li>
        ))}
      </ul>
      <p>
        {isWhole
          ? 'What you entered is still below, as you entered it. Take over what is missing, and save again.'
          : 'What you entered is still below; all else is as it is stored now. Look at it, and save again.'}
      </p>
    </Alert>
  )
}

/** @param of what is stored, as the page shows it */
export function SeenInput({ of }: { of: object }) {
  return <input type="hidden" name={SEEN} value={JSON.stringify(of)} />
}

function shown(value: Json | undefined): string {
  if (value === undefined || value === null) return 'nothing'
  const text = textOf(value)
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text
}
