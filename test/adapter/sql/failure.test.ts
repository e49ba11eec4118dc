import { describe, expect, test } from 'vitest'
import type { FailureCode } from '../../../src/adapter/failure.ts'
import { codeOf, failureOf } from '../../../src/adapter/sql/failure.ts'
import { SqlRefusal } from '../../../src/adapter/sql/session.ts'

describe('what an error of the database means', () => {
  const states: readonly (readonly [string, FailureCode])[] = [
    ['23505', 'conflict'],
    ['23P01', 'conflict'],
    ['23502', 'invalid'],
    ['23503', 'invalid'],
    ['23514', 'invalid'],
    ['22001', 'invalid'],
    ['22P02', 'invalid'],
    ['42501', 'forbidden'],
    ['28P01', 'auth'],
    ['28000', 'auth'],
    ['53300', 'unavailable'],
    ['57014', 'timeout'],
    ['57P03', 'unavailable'],
    ['40001', 'unavailable'],
    ['40P01', 'unavailable'],
    ['25006', 'unavailable'],
    ['P0001', 'blocked'],
    ['42P01', 'protocol'],
    ['42703', 'protocol'],
    ['3D000', 'protocol'],
    ['XX000', 'protocol'],
  ]
  test.each(states)('SQLSTATE %s is %s', (state, code) => {
    expect(codeOf({ state, errno: 0 })).toBe(code)
  })

  const numbers: readonly (readonly [number, string, FailureCode])[] = [
    [1062, '23000', 'conflict'],
    [1452, '23000', 'invalid'],
    [1451, '23000', 'blocked'],
    [1048, '23000', 'invalid'],
    [1406, '22001', 'invalid'],
    [1045, '28000', 'auth'],
    [1044, '42000', 'forbidden'],
    [1142, '42000', 'forbidden'],
    [1205, 'HY000', 'unavailable'],
    [1213, '40001', 'unavailable'],
    [1226, '42000', 'rate'],
    [1040, '08004', 'unavailable'],
    [1644, '45000', 'blocked'],
    [1969, '70100', 'timeout'],
    [3024, 'HY000', 'timeout'],
    [1290, 'HY000', 'unavailable'],
    [1146, '42S02', 'protocol'],
  ]
  test.each(numbers)(
    'MySQL %s is not what its state %s says alone, but %s',
    (errno, state, code) => {
      expect(codeOf({ state, errno })).toBe(code)
    },
  )

  test('names columns where it is about a value, and says nothing of the value', () => {
    const failure = failureOf(new SqlRefusal('23505', 0, ['email']), 'none')
    expect(failure).toMatchObject({ code: 'conflict', effect: 'none', answered: true })
    expect(failure.attributes).toEqual(['email'])
    expect(failure.message).toBe('the database refused a statement with SQLSTATE 23505')
    expect(failureOf(new SqlRefusal('42501', 0, ['email']), 'none').attributes).toEqual([])
  })
})
