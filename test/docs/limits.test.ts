import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import * as access from '../../src/access/limits.ts'
import * as scim from '../../src/scim/limits.ts'

const page = readFileSync(path.join(import.meta.dirname, '../../docs/security.md'), 'utf8')

test.each(Object.entries({ ...access, ...scim }))(
  'docs/security.md gives the limit %s as it is: %d',
  (name, value) => {
    const line = page.split('\n').find((one) => one.includes(`\`${name}\``)) ?? ''
    expect(line).toMatch(new RegExp(`\\b${value.toLocaleString('en-US')}\\b`))
  },
)
