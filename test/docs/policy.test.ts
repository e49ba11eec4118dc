/** docs/operating.md has every key of a policy, and its default as it is; the console says what each is for. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parsePolicy, policySchema } from '../../src/access/policy.ts'
import { schemaOf } from '../../src/admin/describe-adapter.ts'
import { policyParts } from '../../src/console/forms/policy-form.ts'
import type { JsonObject } from '../../src/scim/schema.ts'
import { isObject } from '../../src/scim/values.ts'

const page = readFileSync(path.join(import.meta.dirname, '../../docs/operating.md'), 'utf8')
const [section = ''] = /^## Policy$.*?(?=^## )/ms.exec(page) ?? []

/** Keys that hold a value, by their path: `limits.requestTimeoutMs`. */
function keysOf(schema: JsonObject, before = ''): string[] {
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  return Object.entries(properties).flatMap(([name, one]) =>
    isObject(one) && one['properties'] !== undefined
      ? keysOf(one, `${before}${name}.`)
      : [`${before}${name}`],
  )
}

test('every key is in the table', () => {
  const keys = keysOf(schemaOf(policySchema))
  expect(keys.length).toBeGreaterThan(25)
  const rows = section.split('\n').filter((line) => line.startsWith('| '))
  const named = rows.map((row) => row.split(' | ', 1)[0]).join()
  expect(keys.filter((key) => !named.includes(`\`${key}\``))).toEqual([])
})

test('the defaults that the page shows are all there are', () => {
  const [, shown = '{}'] = /^```json$(.*?)^```$/ms.exec(section) ?? []
  expect(JSON.parse(shown)).toEqual(parsePolicy({}))
})

test('the form of the console has a hint beside every key', () => {
  const fields = policyParts().flatMap((part) => part.fields.map((field) => [part.within, field]))
  expect(fields.filter(([, field]) => typeof field === 'object' && !field.hint)).toEqual([])
})
