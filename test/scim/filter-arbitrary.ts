/** Filters in text, of every form of the grammar. */
import fc from 'fast-check'
import { OPERATORS } from '../../src/scim/filter.ts'

const text = fc.constantFrom('a', 'A', 'ab', 'b', 'é', '', '"', '\\')
const string = text.map((value) => JSON.stringify(value))
const operatorsOn = (...what: string[]) =>
  Object.entries(OPERATORS).flatMap(([operator, on]) => (what.includes(on) ? [operator] : []))
const textOperator = fc.constantFrom(...Object.keys(OPERATORS), 'EQ')
const equality = fc.constantFrom(...operatorsOn('equality'))
const wholeOperator = fc.constantFrom(...operatorsOn('equality', 'order'))
const instant = fc.constantFrom(
  '"2026-01-01T00:00:00Z"',
  '"2026-01-01T01:00:00+01:00"',
  '"0001-01-03T00:00:00.0000000Z"',
  '"2031-06-02T17:05:09.1234567Z"',
)

const infix = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((p) => p.join(' '))

const inElement = fc.oneof(
  infix(fc.constantFrom('type', 'value', 'Display'), textOperator, string),
  infix(fc.constant('primary'), equality, fc.constantFrom('true', 'false', 'null')),
  fc.constantFrom('value pr', 'primary pr', 'type eq null'),
)

function logical(condition: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.letrec<{ filter: string }>((tie) => ({
    filter: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      condition,
      fc
        .tuple(tie('filter'), fc.constantFrom('and', 'or', 'AND'), tie('filter'))
        .map((p) => p.join(' ')),
      tie('filter').map((filter) => `(${filter})`),
      tie('filter').map((filter) => `not (${filter})`),
    ),
  })).filter
}

const condition = fc.oneof(
  infix(
    fc.constantFrom('userName', 'externalId', 'name.givenName', 'emails', 'emails.type'),
    textOperator,
    string,
  ),
  infix(fc.constantFrom('title', 'emails.value', 'manager'), equality, fc.constant('null')),
  infix(fc.constant('active'), equality, fc.constantFrom('true', 'false', 'null')),
  infix(fc.constantFrom('meta.created', 'hiredOn'), wholeOperator, instant),
  infix(fc.constant('seats'), wholeOperator, fc.constantFrom('0', '7', '-3')),
  infix(
    fc.constantFrom('title', 'emails', 'emails.type', 'name', 'costPools', 'manager'),
    fc.constant('pr'),
  ),
  infix(fc.constant('costPools'), textOperator, string),
  logical(inElement).map((filter) => `emails[${filter}]`),
)

export const filterText: fc.Arbitrary<string> = logical(condition)
