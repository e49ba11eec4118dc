/** Rows to what the contract calls them, and values back to what columns take. */
import type { Attributes, NativeObject, Value } from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import type { Row } from '../sql/session.ts'
import { type Dialect, isStorable, type SqlValue, type Statement, sql } from '../sql/statement.ts'
import type { Constant, Flag, TableAttribute, TableResource } from './schema.ts'

/** `text` ids are compared as they are; the others have one form, and whatever else names nothing. */
const ID_FORMS = {
  integer: /^(?:0|-?[1-9]\d{0,18})$/,
  uuid: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  text: /^[\s\S]{1,255}$/,
}

/**
 * Whether this can be the id of a row. MySQL takes '7x' for 7 where a column is a number, and Postgres
 * refuses it: neither is "no such row".
 */
export function canBeId({ id }: TableResource, text: string): boolean {
  return ID_FORMS[id.type].test(text) && isStorable(text)
}

export function idText(raw: SqlValue | undefined): string | undefined {
  if (typeof raw === 'number' || typeof raw === 'string') return String(raw)
  return undefined
}

export function columnOf(name: string, { column = name }: TableAttribute): string {
  return column
}

/** Every column that is read, once. */
export function columnsOf(resource: TableResource): readonly string[] {
  const { id, fingerprint, createdAt, modifiedAt, active, remove, attributes } = resource
  const columns = [
    id.column,
    fingerprint,
    createdAt,
    modifiedAt,
    active?.column,
    remove?.mark?.column,
    ...resource.protected.map(({ column }) => column),
    ...Object.entries(attributes).map(([name, spec]) => columnOf(name, spec)),
  ]
  return [...new Set(columns.filter((column) => column !== undefined))]
}

/** @throws {AdapterFailure} `protocol` where the switch holds what nobody has declared */
export function toObject(resource: TableResource, row: Row): NativeObject {
  const { active, remove, fingerprint, createdAt, modifiedAt } = resource
  const id = idText(row[resource.id.column])
  const isOn = active && isFlagOn(active, row[active.column])
  const isThere = remove?.mark ? isFlagOn(remove.mark, row[remove.mark.column]) : true
  if (id === undefined || (active && isOn === undefined) || isThere === undefined) {
    const message = 'a row has no id, or a switch holds what the manifest does not name'
    throw new AdapterFailure('protocol', message, { effect: 'none', answered: true })
  }
  const text = (column: string | undefined) =>
    column === undefined ? undefined : idText(row[column])
  const print = text(fingerprint)
  const [made, changed] = [isoTime(text(createdAt)), isoTime(text(modifiedAt))]
  return {
    id,
    attributes: toAttributes(resource, row),
    ...(isOn !== undefined && { active: isOn && isThere }),
    ...(print !== undefined && { fingerprint: print }),
    ...(made !== undefined && { createdAt: made }),
    ...(changed !== undefined && { modifiedAt: changed }),
    ...(resource.protected.some(({ column, is }) => isSame(row[column], is)) && {
      protected: true,
    }),
  }
}

function toAttributes(resource: TableResource, row: Row): Attributes {
  return Object.fromEntries(
    Object.entries(resource.attributes).flatMap(([name, spec]): [string, Value][] => {
      const value = readValue(spec, row[columnOf(name, spec)])
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function readValue({ type, clear }: TableAttribute, raw: SqlValue | undefined): Value | undefined {
  if (raw === null || raw === undefined || (clear !== null && isSame(raw, clear))) return undefined
  const plain = raw instanceof Uint8Array ? new TextDecoder().decode(raw) : raw
  switch (type) {
    case 'string':
      return String(plain)
    case 'number':
      return Number.isFinite(Number(plain)) ? Number(plain) : undefined
    case 'boolean':
      return isSame(plain, true)
    case 'datetime':
      return isoTime(String(plain))
  }
}

const TIME = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(\.\d+)?)?(?:Z|[+-]00(?::?00)?)?$/

/** Sessions are in UTC. What is no time of ours stays as it is. */
function isoTime(text: string | undefined): string | undefined {
  const [, day, time = '00:00:00', fraction = ''] = TIME.exec(text ?? '') ?? []
  return day === undefined ? text : `${day}T${time}${fraction}Z`
}

/** Truth is a boolean in Postgres and a number in MySQL; numbers may come as text. */
function isSame(raw: SqlValue | undefined, word: string | number | boolean): boolean {
  if (raw === null || raw === undefined) return false
  if (typeof word === 'boolean') return (raw === true || String(raw) === '1') === word
  return typeof word === 'number' ? Number(raw) === word : String(raw) === word
}

/** Undefined: it holds what the manifest does not name. */
export function isFlagOn(flag: Flag, raw: SqlValue | undefined): boolean | undefined {
  if (flag.offSince) return raw === null
  const words = [flag.off].flat().filter((word) => word !== undefined)
  if (flag.on !== undefined && isSame(raw, flag.on)) return true
  return words.some((word) => isSame(raw, word)) ? false : flag.otherwise
}

/** What the column is set to. A time that stands already stays: it says since when. */
export function flagValue(flag: Flag, isOn: boolean): SqlValue | Statement {
  if (flag.offSince) return isOn ? null : sql`CURRENT_TIMESTAMP`
  const [off] = [flag.off].flat()
  return (isOn ? flag.on : off) ?? null
}

export function constantValue(constant: Constant, dialect: Dialect): SqlValue | Statement {
  if (typeof constant !== 'object' || constant === null) return constant
  if (constant.is === 'now') return sql`CURRENT_TIMESTAMP`
  return dialect === 'postgres' ? sql`gen_random_uuid()` : sql`UUID()`
}

/** @throws {AdapterFailure} `invalid` where no column can hold it as it is */
export function writeValue(name: string, spec: TableAttribute, value: Value): SqlValue {
  if (value === null) return spec.clear
  if (typeof value === 'object' || (typeof value === 'string' && !isStorable(value))) {
    throw new AdapterFailure('invalid', 'a column cannot hold a value as it is', {
      effect: 'none',
      attributes: [name],
    })
  }
  if (spec.type !== 'datetime' || typeof value !== 'string') return value
  const time = Date.parse(value)
  // MySQL knows no "T" and no "Z".
  return Number.isNaN(time) ? value : new Date(time).toISOString().replace('T', ' ').slice(0, -1)
}
