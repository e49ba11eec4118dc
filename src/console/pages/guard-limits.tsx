import type { ConnectionView } from '../../admin/connection-view.ts'
import type { JsonObject } from '../../scim/schema.ts'
import type { Refused } from '../ask.ts'
import type { Form } from '../forms/form.ts'
import { type Change, overlaid, readSeen, SEEN } from '../forms/seen.ts'
import { SeenInput } from '../parts/changed-meanwhile.tsx'
import { Field } from '../parts/fields.tsx'

const FIELDS = [
  ['windowMinutes', 'Window, in minutes', 'How far back is counted: 60 is an hour.'],
  ['maxCount', 'People at the most', 'Who leave within the window. 0 holds back everybody.'],
  ['maxPercent', 'Percent at the most', 'Of all linked people; counts above 20 of them only.'],
] as const

export const LIMITS = FIELDS.map(([name]) => name)

/** What came of the form of the limits, if one was sent. */
export interface LimitsForm {
  readonly given?: Form
  readonly refused?: Refused
  /** What somebody else saved meanwhile. */
  readonly others?: readonly Change[]
}

/** What the form is filled in over. */
export function limitsOf({ policy }: ConnectionView): JsonObject {
  const { guard } = policy as Partial<Record<'guard', JsonObject>>
  return Object.fromEntries(LIMITS.map((name) => [name, guard?.[name] ?? null]))
}

/** The limits of the guard, as a form. */
export function GuardLimits({
  at,
  connection,
  limits: { given, refused, others },
}: {
  at: string
  connection: ConnectionView
  limits: LimitsForm
}) {
  const now = limitsOf(connection)
  const textIn = (of: JsonObject) => (name: string) => String(of[name] ?? '')
  const seen = readSeen(given?.text(SEEN) ?? '')
  const text = !given
    ? textIn(now)
    : others && seen
      ? overlaid(given.text, textIn(seen), textIn(now))
      : given.text
  return (
    <form class="card narrow" method="post" action={`${at}/limits`}>
      <SeenInput of={(!others && seen) || now} />
      <fieldset>
        <legend>Limits</legend>
        {FIELDS.map(([id, label, hint]) => (
          <Field
            id={id}
            label={label}
            hint={hint}
            error={refused?.errors.find(({ path }) => path.endsWith(id))?.message}
            control={(described) => (
              <input
                {...{ id, name: id, type: 'number', min: 0, step: id === 'maxPercent' ? 0.1 : 1 }}
                value={text(id)}
                required
                {...described}
              />
            )}
          />
        ))}
        <div class="actions">
          <button type="submit">Change the limits</button>
        </div>
      </fieldset>
    </form>
  )
}
