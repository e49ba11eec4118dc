/** What another manifest of tables would mean for people who are linked already. */
import { type Moved, movedResources } from '../manifest/upgrade.ts'
import type { MembersSpec, TableResource, TablesManifest } from './schema.ts'

/** What must not change while there are links: what native ids, fingerprints and claims are made of. */
export function movedTables(from: TablesManifest, to: TablesManifest): readonly Moved[] {
  return movedResources<TableResource>(from.resources, to.resources, (before, after, keep) => {
    keep(['table'], before.table, after.table, 'rows would be others')
    keep(['id', 'column'], before.id.column, after.id.column, 'the native id would be another one')
    keep(['id', 'type'], before.id.type, after.id.type, 'the native id would be another one')
    keep(['naming'], before.naming, after.naming, 'names are claimed by this attribute')
    if (before.fingerprint !== undefined && after.fingerprint !== undefined) {
      const what = 'every row would look as if its id had been used again'
      keep(['fingerprint'], before.fingerprint, after.fingerprint, what)
    }
    const what = 'members would be kept elsewhere'
    keep(['members'], placeOf(before.members), placeOf(after.members), what)
  })
}

function placeOf(members: MembersSpec | undefined): string | undefined {
  if (!members) return undefined
  return members.kind === 'table'
    ? `${members.table} (${members.group}, ${members.member})`
    : members.column
}

/** True: values are read or mapped otherwise, so what was seen of them counts no more. */
export function readsTablesOtherwise(from: TablesManifest, to: TablesManifest): boolean {
  const form = ({ resources }: TablesManifest) =>
    JSON.stringify(
      Object.entries(resources).map(([type, r]) => [
        type,
        r?.attributes,
        r?.mapping,
        r?.active,
        r?.remove,
        r?.where,
      ]),
    )
  return form(from) !== form(to)
}
