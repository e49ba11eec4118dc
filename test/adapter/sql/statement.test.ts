import { describe, expect, test } from 'vitest'
import { literal } from '../../../src/adapter/sql/mysql.ts'
import { identifiers, isStorable, join, sql } from '../../../src/adapter/sql/statement.ts'

const n = identifiers('users', 'app.people', 'id', 'order')
const EVIL = `'; DROP TABLE users; -- \\' " \` ? $1`

describe('a statement', () => {
  test('holds no value: values are numbered places beside it', () => {
    const statement = sql`SELECT ${n.id} FROM ${n['app.people']} WHERE ${n.order} = ${EVIL} AND ${n.id} > ${7}`
    expect(statement.render('postgres')).toEqual({
      text: 'SELECT "id" FROM "app"."people" WHERE "order" = $1 AND "id" > $2',
      values: [EVIL, 7],
    })
    expect(statement.render('mysql')).toEqual({
      text: 'SELECT `id` FROM `app`.`people` WHERE `order` = ? AND `id` > ?',
      values: [EVIL, 7],
    })
  })

  test('is made of others, and their values keep their order', () => {
    const where = join([sql`${n.id} = ${1}`, sql`${n.order} = ${EVIL}`], sql` AND `)
    const statement = sql`DELETE FROM ${n.users} WHERE ${where} LIMIT ${2}`
    expect(statement.render('postgres')).toEqual({
      text: 'DELETE FROM "users" WHERE "id" = $1 AND "order" = $2 LIMIT $3',
      values: [1, EVIL, 2],
    })
    expect(join([1, 2, 3], sql`, `).render('postgres')).toEqual({
      text: '$1, $2, $3',
      values: [1, 2, 3],
    })
  })

  test('is what stands in the source, and not a text that was put together', () => {
    const call = sql as unknown as (text: unknown) => unknown
    expect(() => call(`SELECT ${EVIL}`)).toThrow(TypeError)
    expect(() => call([`SELECT ${EVIL}`])).toThrow(TypeError)
    expect(() => call(Object.assign([`SELECT ${EVIL}`], { raw: [''] }))).toThrow(TypeError)
  })

  test('has names that were declared, and such as need no escape', () => {
    for (const name of [
      '',
      'a b',
      'a"b',
      'a`b',
      'a;b',
      'a.b.c',
      '1a',
      'ä',
      `a'--`,
      'x'.repeat(64),
    ]) {
      expect(() => identifiers(name), name).toThrow(TypeError)
    }
    const names: Readonly<Record<string, unknown>> = n
    expect(names['password']).toBeUndefined()
    expect(names['constructor']).toBeUndefined()
  })

  test('takes no value that would be stored as another one', () => {
    for (const value of ['a\0', '\uD83D', 'x\uDE00y', Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => sql`SELECT ${value}`.render('mysql')).toThrow(
        expect.objectContaining({ code: 'invalid', effect: 'none' }),
      )
    }
    expect(isStorable('\u{1F600} é')).toBe(true)
  })
})

describe('literals, where there are no prepared statements', () => {
  test('hold digits alone, whatever the value holds', () => {
    const text = literal('a = ? AND b IN (?, ?, ?, ?) AND c = ?', [
      EVIL,
      null,
      true,
      12,
      '',
      new Uint8Array([0, 255]),
    ])
    expect(text).toBe(
      `a = _utf8mb4 X'${Buffer.from(EVIL).toString('hex')}' ` +
        `AND b IN (NULL, 1, _utf8mb4 X'3132', '') AND c = X'00ff'`,
    )
  })
})
