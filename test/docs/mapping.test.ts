/** docs/mapping.md: every example runs, and every function and key is named. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { BUILT_IN, evaluate, REFUSED } from '../../src/mapping/expression.ts'
import { FUNCTIONS } from '../../src/mapping/functions.ts'

const page = readFileSync(path.join(import.meta.dirname, '../../docs/mapping.md'), 'utf8')
const sample = JSON.parse(/```json sample\n([\s\S]+?)```/.exec(page)?.[1] ?? '')
const examples = [
  ...page.matchAll(/^\| `([^`]+)` \| `([^`]+)` \| .*\|$|^\| `([^`]+)` \| `([^`]+)` \| \|$/gm),
]
  .map(([, a, b, c, d]) => [a ?? c ?? '', b ?? d ?? ''] as const)
  .filter(([expression]) => expression.startsWith('$') || / \? |\[/.test(expression))

describe('docs/mapping.md', () => {
  test.each(examples)('%s gives %s', async (expression, result) => {
    expect(await evaluate(expression, sample)).toEqual(JSON.parse(result))
  })

  test('has examples with what they give', () => {
    expect(examples.length).toBeGreaterThan(Object.keys(FUNCTIONS).length)
  })

  test('has an example of every function', () => {
    const shown = examples.map(([expression]) => expression).join('\n')
    const missing = Object.keys(FUNCTIONS).filter((name) => !shown.includes(`$${name}(`))
    expect(missing).toEqual([])
  })

  test('names every function of JSONata that is there, and every one that is refused', () => {
    const names = [...BUILT_IN, ...Object.keys(REFUSED)]
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })

  test('names every key of an entry', () => {
    const keys = ['app', 'values', 'default', 'apply', 'clear', 'from', 'value']
    expect(keys.filter((key) => !page.includes(`\`${key}\``))).toEqual([])
  })
})
