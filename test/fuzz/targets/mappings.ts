/** Expressions of mappings: what they may do is bounded by counting, whatever is written. */
import fc from 'fast-check'
import { expect } from 'vitest'
import {
  BUILT_IN,
  ExpressionFault,
  evaluate,
  faultOf,
  LIMITS,
} from '../../../src/mapping/expression.ts'
import { FUNCTIONS } from '../../../src/mapping/functions.ts'
import type { Json } from '../../../src/scim/schema.ts'
import { mutatedText, odd } from '../mutate.ts'
import type { Target } from '../target.ts'

const RESOURCE: Json = {
  userName: 'ada@x.example',
  active: true,
  name: { givenName: 'Ada', familyName: 'Quill' },
  emails: [{ value: 'ada@x.example', type: 'work', primary: true }, { value: 'a@y.example' }],
  groups: Array.from({ length: 30 }, (_, at) => ({ value: `g${at}`, display: `G ${at}` })),
}

const WRITTEN = [
  'userName',
  '$uppercase(name.givenName) & " " & name.familyName',
  'emails[type="work"].value',
  'emails[0].value ~> $substringBefore("@")',
  'active ? "yes" : "no"',
  '$map(emails, function($e) { $e.value })',
  '$reduce(groups.display, function($a, $b) { $a & "," & $b })',
  '($f := function($n) { $n < 2 ? 1 : $n * $f($n - 1) }; $f(20))',
  '($f := function($s) { $f($s & $s) }; $f("x"))',
  '($g := function() { $g() }; $g())',
  'groups.(groups.(groups.display))',
  '{ "a": emails.value, "b": { "c": $count(groups) } }',
  '$sort(groups, function($l, $r) { $l.value > $r.value })',
  '$sift($, function($v, $k) { $k != "id" })',
  'emails^(>value).value',
  'groups{ value: display }',
  '$append($append(groups, groups), groups)',
  '$join(groups.display, "-")',
  '**.value',
  '$distinct(*)',
  ...Object.keys(FUNCTIONS).map((name) => `$${name}(userName, "a", "b")`),
  ...[...BUILT_IN].map((name) => `$${name}(groups)`),
]

export const mappings: Target<{ readonly expression: string; readonly input: Json }> = {
  name: 'mappings',
  open: async () => ({
    cases: fc.record({
      expression: fc.oneof(
        mutatedText(fc.constantFrom(...WRITTEN)),
        fc
          .tuple(
            fc.constantFrom(...WRITTEN),
            fc.constantFrom(' & ', ' ~> ', '.', '; ', ' = '),
            fc.constantFrom(...WRITTEN),
          )
          .map(([one, between, other]) => `(${one}${between}${other})`),
        fc.string({ unit: 'binary-ascii' }),
      ),
      input: fc.oneof(fc.constant(RESOURCE), odd),
    }),
    async run({ expression, input }) {
      const fault = faultOf(expression)
      try {
        const value = await evaluate(expression, input)
        expect(fault).toBeUndefined()
        expect((JSON.stringify(value) ?? '').length).toBeLessThan(LIMITS.parts * LIMITS.text)
      } catch (error) {
        // Its text is ours: no value of a person's.
        expect(error).toBeInstanceOf(ExpressionFault)
        expect((error as Error).message).not.toContain('ada@x.example')
      }
    },
  }),
}
