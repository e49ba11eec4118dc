/** Objects and ids that the app shows in another form than as what they are. */
import { idOf, partIn } from './convert.ts'
import type { App } from './exchange.ts'
import type { MembersSpec } from './membership-schema.ts'
import { getAt } from './pointer.ts'
import { fillJson, fillText, type Values } from './template.ts'

/** What the app shows, as an object: itself, or what the manifest makes of it. */
export function objectOf(
  { settings: config }: Pick<App, 'settings'>,
  { object }: { readonly object?: unknown },
  item: unknown,
  values: Values = {},
): unknown {
  return object === undefined ? item : fillJson(object, { ...values, item, config })
}

/** Native id of a member; undefined where the row shows none, or not in the form that it has here. */
export function memberIdIn(
  { settings: config }: Pick<App, 'settings'>,
  { id, idIn }: Pick<MembersSpec, 'id' | 'idIn'>,
  row: unknown,
): string | undefined {
  const shown = idOf(getAt(row, id))
  if (idIn === undefined || shown === undefined) return shown
  return partIn(fillText(idIn, { config, id: '{id}' }) ?? '', '{id}', shown)
}
