/** An event as the line of JSON that leaves the worker. Pure. */
import { EVENTS, FORMS, type Form, type Line } from './events.ts'

/** The level first, then the event and its fields; `withheld` names those that were not what they must be. */
export function writeLine(line: Line): string {
  const withheld = misfits(line)
  const shown = Object.entries(line).filter(([name]) => !withheld.includes(name))
  return JSON.stringify({
    level: EVENTS[line.event].level,
    ...Object.fromEntries(shown),
    ...(withheld.length > 0 && { withheld }),
  })
}

/**
 * Fields that hold what they must not: types end where a value comes from outside, and the log is
 * where nobody would look for it.
 */
export function misfits({ event, ...given }: Line): readonly string[] {
  const forms: Readonly<Record<string, Form>> = EVENTS[event].fields
  return Object.entries(given)
    .filter(([name, value]) => !fits(forms[name], value))
    .map(([name]) => name)
}

function fits(form: Form | undefined, value: string | number): boolean {
  if (form === undefined) return false
  if (typeof form !== 'string') return form.includes(String(value))
  return (form === 'number') === (typeof value === 'number') && FORMS[form].test(String(value))
}
