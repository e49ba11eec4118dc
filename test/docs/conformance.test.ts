/** docs/conformance.md says what proves each line of it: the proofs must exist. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { OPERATORS } from '../../src/scim/filter.ts'

const root = path.join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')
const page = read('docs/conformance.md')

const fixtures = readdirSync(path.join(root, 'test/rfc'))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))

const ids = ['entra-cases', 'further-cases'].flatMap((file) => {
  const { cases } = JSON.parse(read(`test/idp/${file}.json`)) as { cases: { id: string }[] }
  return cases.map(({ id }) => id)
})

/** The last cell of each row of a table whose last column is headed "Proof". */
function proofs(): string[] {
  const found: string[] = []
  let isProof = false
  for (const line of page.split('\n')) {
    if (!line.startsWith('|')) {
      isProof = false
      continue
    }
    const last = line.split('|').at(-2)?.trim() ?? ''
    if (last === 'Proof') isProof = true
    else if (isProof && !/^-+$/.test(last)) {
      const spans = [...last.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span)
      found.push(...(spans.length > 0 ? spans : [`no proof in: ${line}`]))
    }
  }
  return found
}

function exists(proof: string): boolean {
  const [, kind, rest = ''] = /^(rfc\/|case |cases )(.+)$/.exec(proof) ?? []
  switch (kind) {
    case 'rfc/':
      return fixtures.includes(rest)
    case 'case ':
      return ids.includes(rest)
    case 'cases ':
      return ids.some((id) => id.startsWith(`${rest}-`))
  }
  const [, file = '', title = ''] = /^([\w/-]+): (.+)$/.exec(proof) ?? []
  try {
    return file !== '' && read(`test/${file}.test.ts`).includes(`('${title}'`)
  } catch {
    return false
  }
}

test('every proof that the page names exists', () => {
  expect(proofs().length).toBeGreaterThan(50)
  expect(proofs().filter((proof) => !exists(proof))).toEqual([])
})

test('every fixture file is named on the page', () => {
  expect(fixtures.filter((fixture) => !page.includes(`\`rfc/${fixture}\``))).toEqual([])
})

test('every group of cases is named on the page', () => {
  const groups = new Set(ids.map((id) => id.replace(/-\d+$/, '')))
  // Facts about the OAuth server and about throttling, which are not replayed.
  const facts = new Set(['OAU', 'THR'])
  const named = (group: string) =>
    page.includes(`\`cases ${group}\``) || page.includes(`\`case ${group}-`)
  expect([...groups].filter((group) => !facts.has(group) && !named(group))).toEqual([])
})

test('the page names every operator of a filter', () => {
  const row = page.split('\n').find((line) => line.startsWith('| §3.4.2.2 |')) ?? ''
  expect(Object.keys(OPERATORS).filter((operator) => !row.includes(`\`${operator}\``))).toEqual([])
})
