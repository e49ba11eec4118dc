/** Reading rows: one, by equality, and page by page in the order of their ids. */
import type { ReadPort } from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import type { Database } from '../sql/database.ts'
import { digits, sql } from '../sql/statement.ts'
import { canBeId, toObject } from './convert.ts'
import type { Table } from './table.ts'

export function readPort(open: () => Database, table: Table): ReadPort {
  const { resource, id, name } = table
  return {
    get: (native) =>
      canBeId(resource, native)
        ? open().read((tx) => table.get(tx, native))
        : Promise.resolve(null),
    find: (attribute, value) =>
      open().read(async (tx) => {
        const rows = await table.find(tx, attribute, value)
        return rows.map((row) => toObject(resource, row))
      }),
    async list({ pageSize, cursor, skip = 0 }) {
      if (cursor !== undefined && !canBeId(resource, cursor)) {
        throw new AdapterFailure('protocol', 'a page is asked for that was not given out', {
          effect: 'none',
        })
      }
      return open().read(async (tx) => {
        const size = Math.min(pageSize, resource.maxPage)
        const after = cursor === undefined ? sql`` : sql`AND ${id} > ${cursor}`
        const { rows } = await tx.run(sql`
          ${table.select} WHERE ${table.scope} ${after} ORDER BY ${id}
          LIMIT ${digits(size + 1)} OFFSET ${digits(skip)}`)
        const items = rows.slice(0, size).map((row) => toObject(resource, row))
        const last = items.at(-1)
        const counted = await tx.run(
          sql`SELECT count(*) AS total FROM ${name} WHERE ${table.scope}`,
        )
        return {
          items,
          total: Number(counted.rows[0]?.['total']),
          ...(rows.length > size && last && { next: last.id }),
        }
      })
    },
  }
}
