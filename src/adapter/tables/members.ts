/** Members of groups: rows of a table of their own, or a column of the people's. */
import type { AddRemovePort, Member, MemberPage, PageRequest, WriteOutcome } from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import type { Database, Transaction } from '../sql/database.ts'
import { digits, Identifier, join, type Statement, sql } from '../sql/statement.ts'
import { canBeId, constantValue, idText } from './convert.ts'
import type { MembersSpec } from './schema.ts'
import type { Table } from './table.ts'

/** Parameters of one statement: far below what either database takes. */
export const MOST_MEMBERS = 200

/** How one kind of membership is stored. */
interface Storage {
  /** Ids of members after a cursor, in order, one more than asked for. */
  page(tx: Transaction, group: string, after: string | undefined, size: number): Promise<string[]>
  /** False: nothing was to be done. */
  add(tx: Transaction, group: string, ids: readonly string[]): Promise<boolean>
  remove(tx: Transaction, group: string, ids: readonly string[]): Promise<boolean>
}

export function memberPort(
  open: () => Database,
  spec: MembersSpec,
  groups: Table,
  people: Table,
): AddRemovePort {
  const storage = spec.kind === 'table' ? inTable(spec, people) : inColumn(spec, people)

  async function change(
    group: string,
    members: readonly Member[],
    work: (tx: Transaction, ids: readonly string[]) => Promise<boolean>,
    mustBeThere: boolean,
  ): Promise<WriteOutcome> {
    if (members.some(({ type }) => type !== 'User')) {
      throw new AdapterFailure('invalid', 'a group of this app holds accounts only', {
        effect: 'none',
      })
    }
    const wanted = [...new Set(members.map(({ id }) => id))]
    return open().write(async (tx): Promise<WriteOutcome> => {
      if (!(await groups.row(tx, group))) return { kind: 'gone' }
      const ids = mustBeThere ? [...(await people.known(tx, wanted))] : possible(people, wanted)
      if (mustBeThere && ids.length < wanted.length) return { kind: 'gone', what: 'member' }
      const isDone = ids.length > 0 && (await work(tx, ids))
      return { kind: isDone ? 'ok' : 'unchanged' }
    })
  }

  return {
    members: (group, request) => page(open, storage, groups, people, group, request),
    addMembers: (group, members) =>
      change(group, members, (tx, ids) => storage.add(tx, group, ids), true),
    // Who has no row any more, or never had one, may still be in a list.
    removeMembers: (group, members) =>
      change(group, members, (tx, ids) => storage.remove(tx, group, ids), false),
  }
}

const possible = (people: Table, ids: readonly string[]) =>
  ids.filter((id) => canBeId(people.resource, id))

async function page(
  open: () => Database,
  storage: Storage,
  groups: Table,
  people: Table,
  group: string,
  { cursor, pageSize }: PageRequest,
): Promise<MemberPage> {
  if (cursor !== undefined && !canBeId(people.resource, cursor)) {
    throw new AdapterFailure('protocol', 'a page is asked for that was not given out', {
      effect: 'none',
    })
  }
  return open().read(async (tx) => {
    if (!(await groups.row(tx, group))) {
      // An empty list would say that it has lost everybody.
      throw new AdapterFailure('protocol', 'the group whose members are read is not there', {
        effect: 'none',
        answered: true,
      })
    }
    const size = Math.min(pageSize, 1_000)
    const found = await storage.page(tx, group, cursor, size)
    const ids = found.slice(0, size)
    const last = ids.at(-1)
    return {
      items: ids.map((id) => ({ type: 'User', id })),
      ...(found.length > size && last !== undefined && { next: last }),
    }
  })
}

function idsIn(people: Table, ids: readonly string[]): Statement {
  return sql`${people.id} IN (${join([...ids], sql`, `)})`
}

/** Only people who are seen are members: an app may keep rows of those whom it has marked as deleted. */
function inTable(spec: MembersSpec & { kind: 'table' }, people: Table): Storage {
  const [table, group, member] = [spec.table, spec.group, spec.member].map(
    (name) => new Identifier(name),
  ) as [Identifier, Identifier, Identifier]
  const columns = [group, member, ...Object.keys(spec.set).map((name) => new Identifier(name))]
  const { column } = people.resource.id
  const texts = (
    rows: readonly Readonly<Record<string, Parameters<typeof idText>[0]>>[],
    name: string,
  ) => rows.flatMap((row) => idText(row[name]) ?? [])
  return {
    async page(tx, of, after, size) {
      const { rows } = await tx.run(sql`
        SELECT ${people.id} FROM ${people.name}
         WHERE ${people.id} IN (SELECT ${member} FROM ${table} WHERE ${group} = ${of})
           AND ${people.scope} ${after === undefined ? sql`` : sql`AND ${people.id} > ${after}`}
         ORDER BY ${people.id} LIMIT ${digits(size + 1)}`)
      return texts(rows, column)
    },
    async add(tx, to, ids) {
      const { rows } = await tx.run(sql`
        SELECT ${member} FROM ${table} WHERE ${group} = ${to} AND ${member} IN (${join([...ids], sql`, `)})`)
      const there = new Set(texts(rows, spec.member))
      const fresh = ids.filter((id) => !there.has(id))
      if (fresh.length === 0) return false
      const row = (id: string) =>
        join(
          [to, id, ...Object.values(spec.set).map((one) => constantValue(one, tx.dialect))],
          sql`, `,
        )
      // Somebody else may be as fast. Not IGNORE: it would pass over every other fault as well.
      const again =
        tx.dialect === 'postgres'
          ? sql`ON CONFLICT DO NOTHING`
          : sql`ON DUPLICATE KEY UPDATE ${member} = ${member}`
      await tx.run(sql`
        INSERT INTO ${table} (${join(columns, sql`, `)})
        VALUES ${join(
          fresh.map((id) => sql`(${row(id)})`),
          sql`, `,
        )} ${again}`)
      return true
    },
    async remove(tx, from, ids) {
      const { count } = await tx.run(sql`
        DELETE FROM ${table} WHERE ${group} = ${from} AND ${member} IN (${join([...ids], sql`, `)})`)
      return count > 0
    },
  }
}

function inColumn(spec: MembersSpec & { kind: 'column' }, people: Table): Storage {
  const column = new Identifier(spec.column)
  return {
    async page(tx, of, after, size) {
      const { rows } = await tx.run(sql`
        SELECT ${people.id} FROM ${people.name}
         WHERE ${column} = ${of} AND ${people.scope}
               ${after === undefined ? sql`` : sql`AND ${people.id} > ${after}`}
         ORDER BY ${people.id} LIMIT ${digits(size + 1)}`)
      return rows.flatMap((row) => idText(row[people.resource.id.column]) ?? [])
    },
    async add(tx, to, ids) {
      const { count } = await tx.run(sql`
        UPDATE ${people.name} SET ${column} = ${to}
         WHERE ${idsIn(people, ids)} AND (${column} IS NULL OR ${column} <> ${to})`)
      return count > 0
    },
    async remove(tx, from, ids) {
      const { count } = await tx.run(sql`
        UPDATE ${people.name} SET ${column} = ${spec.none}
         WHERE ${idsIn(people, ids)} AND ${column} = ${from}`)
      return count > 0
    },
  }
}
