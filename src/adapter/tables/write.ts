/** Writing rows. Each method is one transaction, and says what the row holds when it is done. */
import type {
  CreateOutcome,
  CreateRequest,
  Delta,
  NativeObject,
  WriteOutcome,
  WritePort,
} from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import type { Database, Transaction } from '../sql/database.ts'
import { type Identifier, join, type SqlValue, type Statement, sql } from '../sql/statement.ts'
import { columnOf, constantValue, flagValue, idText, writeValue } from './convert.ts'
import type { Constant, TableResource } from './schema.ts'
import type { Table } from './table.ts'

/** A membership table of the app, and which of its columns names rows of this type. */
export interface Belonging {
  readonly table: Identifier
  readonly column: Identifier
}

type Assignments = Map<string, SqlValue | Statement>

export function writePort(
  open: () => Database,
  table: Table,
  belongings: readonly Belonging[],
): Partial<WritePort> {
  const { resource } = table
  const { create, update, active, remove } = resource

  /** A write, with the app's names of attributes in what it refuses. */
  const write = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> =>
    open()
      .write(work)
      .catch((error: unknown) => {
        throw inOurWords(resource, error)
      })

  async function change(
    id: string,
    assign: (tx: Transaction, object: NativeObject) => Assignments,
  ): Promise<WriteOutcome> {
    return write(async (tx) => {
      const before = await table.get(tx, id)
      if (!before) return { kind: 'gone' }
      const values = assign(tx, before)
      if (values.size === 0) return { kind: 'unchanged' }
      addConstants(values, update?.set ?? {}, tx)
      const { count } = await tx.run(sql`
        UPDATE ${table.name} SET ${settings(table, values)} WHERE ${table.id} = ${id} AND ${table.scope}`)
      const object = count > 0 ? await table.get(tx, id) : null
      return object ? { kind: 'ok', object } : { kind: 'gone' }
    })
  }

  return {
    ...(create && {
      create: (request) => createRow(open, table, request),
    }),
    ...(update && {
      update: (id, delta) => change(id, () => changed(resource, delta)),
    }),
    ...(active && {
      setActive: (id, isOn) =>
        change(id, (_, before) => {
          if (before.active === isOn) return new Map()
          const values: Assignments = new Map([[active.column, flagValue(active, isOn)]])
          // Whoever comes back is not deleted any more.
          const mark = remove?.kind === 'soft' ? remove.mark : undefined
          if (mark && isOn) values.set(mark.column, flagValue(mark, true))
          return values
        }),
    }),
    ...(remove && {
      remove: async (id): Promise<WriteOutcome> => {
        const { mark } = remove
        if (!mark) return write((tx) => removeRow(tx, table, id, belongings))
        const outcome = await write(async (tx): Promise<WriteOutcome> => {
          const row = await table.row(tx, id)
          if (!row) return { kind: 'gone' }
          if (table.isMarked(row)) return { kind: 'unchanged' }
          const values: Assignments = new Map([[mark.column, flagValue(mark, false)]])
          addConstants(values, update?.set ?? {}, tx)
          await tx.run(
            sql`UPDATE ${table.name} SET ${settings(table, values)} WHERE ${table.id} = ${id}`,
          )
          return { kind: 'ok' }
        })
        return outcome
      },
    }),
  }
}

async function createRow(
  open: () => Database,
  table: Table,
  request: CreateRequest,
): Promise<CreateOutcome> {
  const { resource } = table
  const values = newValues(resource, request)
  try {
    return await open().write(async (tx): Promise<CreateOutcome> => {
      const taken = await inTheWay(tx, table, request)
      if (taken !== undefined) return { kind: 'exists', id: taken }
      const id = await insert(tx, table, values, request)
      const object = id === undefined ? null : await table.get(tx, id)
      if (object) return { kind: 'created', object }
      // By a scope, or a trigger: it would be there, and nobody could find it.
      throw new AdapterFailure('protocol', 'a new row cannot be read back', { effect: 'none' })
    })
  } catch (error) {
    const failure = inOurWords(resource, error)
    if (!(failure instanceof AdapterFailure) || failure.code !== 'conflict') throw failure
    // Somebody else was faster; or the value is taken where this app does not look.
    const id = await open().read((tx) => inTheWay(tx, table, request))
    if (id === undefined) throw failure
    return { kind: 'exists', id }
  }
}

/** The id of a row that holds a value of which there is to be one. */
async function inTheWay(
  tx: Transaction,
  table: Table,
  { attributes }: CreateRequest,
): Promise<string | undefined> {
  for (const [name, spec] of Object.entries(table.resource.attributes)) {
    const value = attributes[name]
    if (!spec.unique || typeof value !== 'string') continue
    const [row] = await table.find(tx, name, value)
    if (row) return idText(row[table.resource.id.column])
  }
  return undefined
}

function newValues(resource: TableResource, { attributes, active }: CreateRequest): Assignments {
  const values: Assignments = new Map(Object.entries(resource.where))
  for (const [name, spec] of Object.entries(resource.attributes)) {
    const value = attributes[name]
    if (value === undefined || spec.write === 'never') continue
    values.set(columnOf(name, spec), writeValue(name, spec, value))
  }
  if (resource.active) {
    values.set(resource.active.column, flagValue(resource.active, active ?? true))
  }
  const mark = resource.remove?.mark
  if (mark && !mark.offSince && mark.column !== resource.active?.column) {
    values.set(mark.column, flagValue(mark, true))
  }
  return values
}

/** The id of the new row, as the database gives it; undefined where it cannot be told. */
async function insert(
  tx: Transaction,
  table: Table,
  given: Assignments,
  request: CreateRequest,
): Promise<string | undefined> {
  const { id, naming, create } = table.resource
  const values: Assignments = new Map(given)
  addConstants(values, create?.set ?? {}, tx)
  if (id.made === 'uuid') {
    const made = await tx.run(sql`SELECT ${constantValue({ is: 'uuid' }, tx.dialect)} AS made`)
    values.set(id.column, made.rows[0]?.['made'] ?? null)
  }
  const names = join(
    [...values.keys()].map((column) => table.column(column)),
    sql`, `,
  )
  const row = sql`INSERT INTO ${table.name} (${names}) VALUES (${join([...values.values()], sql`, `)})`
  if (tx.dialect === 'postgres') {
    const { rows } = await tx.run(sql`${row} RETURNING ${table.id}`)
    return idText(rows[0]?.[id.column])
  }
  const { insertId } = await tx.run(row)
  const own = values.get(id.column)
  if (typeof own === 'string' || typeof own === 'number') return String(own)
  if (insertId !== undefined && insertId !== '0') return insertId
  // A default that MySQL does not tell, such as (UUID()).
  const name = request.attributes[naming]
  const [found] = typeof name === 'string' ? await table.find(tx, naming, name) : []
  return idText(found?.[id.column])
}

function changed(resource: TableResource, { set, unset }: Delta): Assignments {
  const values: Assignments = new Map()
  const put = (name: string, value: Delta['set'][string]) => {
    const spec = Object.hasOwn(resource.attributes, name) ? resource.attributes[name] : undefined
    if (spec?.write === 'always') values.set(columnOf(name, spec), writeValue(name, spec, value))
  }
  for (const [name, value] of Object.entries(set)) put(name, value)
  for (const name of unset) put(name, null)
  return values
}

function addConstants(
  values: Assignments,
  constants: Readonly<Record<string, Constant>>,
  { dialect }: Transaction,
): void {
  for (const [column, constant] of Object.entries(constants)) {
    if (!values.has(column)) values.set(column, constantValue(constant, dialect))
  }
}

function settings(table: Table, values: Assignments): Statement {
  const each = [...values].map(([column, value]) => sql`${table.column(column)} = ${value}`)
  return join(each, sql`, `)
}

/** Memberships go with the row: an app whose references cascade has none left by then. */
async function removeRow(
  tx: Transaction,
  table: Table,
  id: string,
  belongings: readonly Belonging[],
): Promise<WriteOutcome> {
  if (!(await table.row(tx, id))) return { kind: 'gone' }
  for (const { table: where, column } of belongings) {
    await tx.run(sql`DELETE FROM ${where} WHERE ${column} = ${id}`)
  }
  try {
    const { count } = await tx.run(
      sql`DELETE FROM ${table.name} WHERE ${table.id} = ${id} AND ${table.scope}`,
    )
    return { kind: count > 0 ? 'ok' : 'gone' }
  } catch (error) {
    if (!(error instanceof AdapterFailure) || error.code !== 'invalid') throw error
    // A DELETE holds no value that could be wrong: something of the app still refers to the row.
    throw new AdapterFailure('blocked', error.message, { effect: error.effect, answered: true })
  }
}

/** Columns and keys that a failure names, as attributes; names that are none of ours are left out. */
function inOurWords({ attributes }: TableResource, error: unknown): unknown {
  if (!(error instanceof AdapterFailure) || error.attributes.length === 0) return error
  const { code, message, effect, answered, retryAfterSeconds } = error
  const named = Object.entries(attributes).flatMap(([name, spec]) =>
    error.attributes.includes(name) || error.attributes.includes(columnOf(name, spec))
      ? [name]
      : [],
  )
  return new AdapterFailure(code, message, {
    effect,
    answered,
    retryAfterSeconds,
    attributes: named,
  })
}
