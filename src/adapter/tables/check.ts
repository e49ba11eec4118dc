/** Whether the parts of a manifest of tables agree. What each may look like is the schema's business. */
import { appOf, type MappingEntry } from '../mapping-entry.ts'
import type { Flag, TableResource, TablesManifest } from './schema.ts'

type Path = readonly (string | number)[]
export interface Fault {
  readonly path: Path
  readonly message: string
}

export function checkTables({ resources }: TablesManifest): readonly Fault[] {
  return Object.entries(resources).flatMap(([type, resource]) =>
    resource ? checkResource(['resources', type], type, resource) : [],
  )
}

function checkResource(at: Path, type: string, resource: TableResource): Fault[] {
  const { attributes, id, lookups, naming, anchor, create, update, active, remove } = resource
  const faults: Fault[] = []
  const add = (path: Path, message: string) => faults.push({ path: [...at, ...path], message })
  const declared = (path: Path, name: string | undefined) => {
    if (name !== undefined && !Object.hasOwn(attributes, name)) {
      add(path, `"${name}" is not declared in "attributes"`)
    }
  }
  declared(['naming'], naming)
  declared(['anchor'], anchor)
  for (const [i, name] of lookups.entries()) declared(['lookups', i], name)
  for (const [path, name] of [
    ['naming', naming],
    ['anchor', anchor],
  ] as const) {
    if (name !== undefined && Object.hasOwn(attributes, name) && !lookups.includes(name)) {
      add(['lookups'], `must hold "${name}": "${path}" is what objects are found by`)
    }
  }
  for (const [scim, entry] of Object.entries(resource.mapping)) {
    declared(['mapping', scim], appOf(scim, entry as MappingEntry))
  }
  const owners = new Map<string, string>()
  for (const [name, spec] of Object.entries(attributes)) {
    const { column = name } = spec
    const path = ['attributes', name]
    declared([...path, 'verifiedBy'], spec.verifiedBy)
    const other = owners.get(column)
    if (other !== undefined) add(path, `has the same column as "${other}"`)
    owners.set(column, name)
    if (column === id.column && spec.write === 'always') {
      add([...path, 'write'], 'must be "create" or "never": the column is the id of the row')
    }
    if (Object.hasOwn(resource.where, column)) add(path, 'its column is one of "where"')
  }
  for (const [path, set] of [
    [['create', 'set'], create?.set],
    [['update', 'set'], update?.set],
  ] as const) {
    for (const column of Object.keys(set ?? {})) {
      if (owners.has(column) || column === id.column) {
        add([...path, column], 'is an attribute or the id, and has its value from there')
      }
    }
  }
  if (active) faults.push(...checkFlag([...at, 'active'], active))
  if (remove?.mark) faults.push(...checkFlag([...at, 'remove', 'mark'], remove.mark))
  if (remove?.kind === 'soft' && !remove.mark) {
    add(['remove', 'mark'], 'is needed: a row that is soft deleted stays, and says so')
  }
  if (remove?.kind === 'soft' && !active) {
    add(['active'], 'is needed: whoever comes back is switched on again. Or write "kind": "hard"')
  }
  if (type === 'User' && resource.members) {
    add(['members'], 'belongs to "Group": people are members, and have none')
  }
  return faults
}

function checkFlag(path: Path, { on, off, offSince, otherwise }: Flag): Fault[] {
  const hasWords = on !== undefined || off !== undefined || otherwise !== undefined
  if (offSince === undefined && (on === undefined || off === undefined)) {
    return [{ path, message: 'needs "on" and "off", or "offSince": true' }]
  }
  if (offSince && hasWords) {
    return [{ path, message: '"offSince" stands alone: a time is off, and none is on' }]
  }
  return [off].flat().some((word) => word !== undefined && word === on)
    ? [{ path: [...path, 'off'], message: 'is the same as "on"' }]
    : []
}
