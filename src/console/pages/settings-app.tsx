/** What leads to the app: tried, and saved where the app answers. */
import { fieldsOf } from '../forms/settings-form.ts'
import { AppFields } from '../parts/app-fields.tsx'
import { SeenInput } from '../parts/changed-meanwhile.tsx'
import { Tick } from '../parts/fields.tsx'
import { Alert, Notice } from '../parts/notices.tsx'
import type { PartProps } from './settings.tsx'

export function AppPart({ adapter, form, at, given, errorOf, seen }: PartProps) {
  const { trial, isUnchanged } = form
  const fields = fieldsOf(adapter.settings)
  const hasAny = fields === undefined || fields.length > 0 || adapter.secrets.length > 0
  return (
    <section class="card" aria-labelledby="app-title">
      <h2 id="app-title">The app</h2>
      {trial?.ok && (
        <Notice tone="good">
          <p>
            The app answered, in {trial.ms} ms.{' '}
            {isUnchanged ? 'That is with what is stored.' : 'Nothing is saved yet.'}
          </p>
        </Notice>
      )}
      {trial && !trial.ok && (
        <Alert>
          <p>
            <b>The app was asked, and nothing was saved.</b> {trial.detail}
          </p>
        </Alert>
      )}
      {!hasAny ? (
        <p>This adapter needs no settings.</p>
      ) : (
        <form class="stacked" method="post" action={at}>
          <SeenInput of={seen} />
          <AppFields
            fields={fields}
            secrets={adapter.secrets.map(({ name, isKept, setAt }) => ({
              name,
              hint: isKept ? keptSince(setAt) : NOT_KEPT,
              optional: isKept,
            }))}
            {...{ given, errorOf }}
            isStored
          />
          <Tick id="untried" isOn={given('untried') !== ''}>
            Save it even if the app does not answer now
          </Tick>
          <div class="actions">
            <button type="submit" name="do" value="app">
              Test the app and save
            </button>
            <button class="second" type="submit" name="do" value="try">
              Test only
            </button>
          </div>
        </form>
      )}
    </section>
  )
}

const NOT_KEPT = 'There is none. Sealed when it is stored, and never shown again.'

const keptSince = (setAt: string | null): string =>
  `Kept${setAt === null ? '' : ` since ${dayOf(setAt)}`}, and never shown again. Left empty: it stays as it is.`

/** Of ISO 8601. */
export const dayOf = (iso: string): string => iso.slice(0, 10)
