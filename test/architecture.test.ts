/** Who may import whom (docs/architecture.md): one direction, held here. And how long a file may be. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = path.join(import.meta.dirname, '..')

/** By folder or file, longest prefix first: what it may import of ours, and which packages. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/scim': ['zod'],
  // What may be said in the log.
  'src/log': [],
  'src/adapter': ['zod', 'fast-xml-parser', 'jose', 'node:buffer'],
  'src/adapter/ldap': ['src/adapter', 'ldapts'],
  // The drivers of databases, and the streams that they want.
  'src/adapter/sql': ['src/adapter', 'pg', 'mysql2', 'node:stream'],
  // A private adapter's own Worker imports it; nothing of Postern does.
  'src/adapter/remote/serve.ts': ['src/adapter', 'cloudflare:workers'],
  // `db` implements the contract's DocumentStore, and folds keys as filters do.
  'src/db': ['src/scim/schema.ts', 'src/adapter/contract.ts', 'drizzle-orm'],
  'src/access': [
    'src/log',
    'src/scim',
    'src/adapter/body-length.ts',
    'src/adapter/mapping-entry.ts',
    'src/db',
    'zod',
    'node:buffer',
    'jose',
  ],
  // What stands between the operations and the app: time, tries again, the circuit.
  'src/calls': ['src/log', 'src/adapter', 'src/access'],
  'src/mapping': ['src/scim', 'src/adapter', 'jsonata'],
  'src/identity': ['src/scim', 'src/db', 'src/mapping', 'src/adapter/alike.ts'],
  'src/govern': [
    'src/log',
    'src/scim',
    'src/access',
    'src/adapter/app-call.ts',
    'src/adapter/failure.ts',
    'src/db',
    'node:buffer',
  ],
  // For those who watch from outside.
  'src/telemetry': ['src/govern', 'src/log'],
  'src/membership': ['src/scim', 'src/adapter', 'src/db'],
  'src/operations': [
    'src/scim',
    'src/adapter',
    'src/access',
    'src/calls',
    'src/db',
    'src/govern',
    'src/identity',
    'src/membership',
    'src/mapping',
    'zod',
  ],
  // The arithmetic of pacing, and what the isolate and the Durable Object say to each other.
  'src/pacing': [
    'src/log',
    'src/access/bounded-map.ts',
    'src/access/steady-clock.ts',
    'src/adapter',
  ],
  'src/pacing/pacer.ts': ['src/pacing', 'src/access/steady-clock.ts', 'cloudflare:workers'],
  'src/jobs': [
    'src/log',
    'src/access',
    'src/adapter',
    'src/calls',
    'src/db',
    'src/govern',
    'src/identity',
    'src/mapping',
    'src/membership',
    'src/operations',
    'src/scim',
  ],
  'src/http': ['src/scim', 'src/adapter', 'src/access', 'src/operations'],
  'src/admin': [
    'src/log',
    'src/scim',
    'src/jobs',
    'src/mapping',
    'src/adapter',
    'src/access',
    'src/db',
    'src/govern',
    'hono',
    'zod',
    'node:buffer',
    'node:util',
  ],
  // Beside the admin API, which it asks for all that it shows: no data of its own.
  'src/console': ['src/access', 'src/admin', 'src/scim', 'hono'],
  'src/app.ts': [
    'src/scim',
    'src/access',
    'src/adapter/app-call.ts',
    'src/admin',
    'src/calls',
    'src/db',
    'src/govern',
    'src/http',
    'src/log',
    'src/operations',
    'src/telemetry/data-point.ts',
    'hono',
  ],
  'src/compose': ['src', 'hono', 'node:async_hooks'],
  'src/env.ts': ['src/access/worker-secret.ts', 'src/adapter/remote/wire.ts', 'zod'],
  'src/worker.ts': [
    'src/adapter/sql/hyperdrives.ts',
    'src/compose/compose.ts',
    'src/compose/parts.ts',
    'src/env.ts',
    'src/log/write-line.ts',
    'src/pacing/binding.ts',
    'src/pacing/pacer.ts',
    'adapters',
    'cloudflare:sockets',
    'cloudflare:workers',
  ],
  adapters: ['src/adapter', 'zod'],
}

/** Longer than this a file says why, in its first comment. */
const MOST_LINES = 300
const REASON = /\bover 300 lines\b/i

const files = globSync(['src/**/*.ts', 'src/**/*.tsx', 'adapters/**/*.ts'], { cwd: ROOT }).sort()

function layerOf(file: string): string {
  const layers = Object.keys(MAY_IMPORT).filter((l) => file === l || file.startsWith(`${l}/`))
  const [longest] = layers.sort((a, b) => b.length - a.length)
  if (!longest) throw new Error(`${file} is in no layer`)
  return longest
}

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(ROOT, file), 'utf8')
  const found = [...text.matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'|^import '([^']+)'/gms)]
  return found.map(([, from, bare]) => {
    const specifier = from ?? bare ?? ''
    return specifier.startsWith('.')
      ? path.posix.join(path.posix.dirname(file), specifier)
      : specifier
  })
}

/** Types alone are gone when a module is evaluated. */
function valueImportsOf(file: string): string[] {
  const text = readFileSync(path.join(ROOT, file), 'utf8')
  return [...text.matchAll(/^(?:import|export) (?!type )([^'"]*?)from '(\.[^']+)'/gms)].flatMap(
    ([, names = '', from = '']) => {
      const listed = /^\{(.*)\}\s*$/s.exec(names)?.[1]?.split(',') ?? [names]
      const isOfTypes = listed.every((name) => /^\s*(?:type\s.*)?$/s.test(name))
      return isOfTypes ? [] : [path.posix.join(path.posix.dirname(file), from)]
    },
  )
}

test('no file has more than 300 lines, unless its first comment says why', () => {
  const all = globSync(['{src,adapters,cli,bench}/**/*.{ts,tsx,mjs}'], { cwd: ROOT })
  const long = all.filter((file) => {
    const text = readFileSync(path.join(ROOT, file), 'utf8')
    const [first = ''] = /^\/\*\*.*?\*\//s.exec(text) ?? []
    return text.split('\n').length - 1 > MOST_LINES && !REASON.test(first)
  })
  expect(long).toEqual([])
})

describe('the direction of imports', () => {
  test.each(files)('%s imports only what its layer may', (file) => {
    const layer = layerOf(file)
    const allowed = [layer, ...(MAY_IMPORT[layer] ?? [])]
    const foreign = importsOf(file).filter(
      (target) => !allowed.some((a) => target === a || target.startsWith(`${a}/`)),
    )
    expect(foreign).toEqual([])
  })

  test('no module waits for itself to be evaluated', () => {
    const needs = new Map(files.map((file) => [file, valueImportsOf(file)]))
    const circles = files.filter((file) => {
      const reached = new Set<string>()
      const open = [...(needs.get(file) ?? [])]
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (reached.has(next)) continue
        reached.add(next)
        open.push(...(needs.get(next) ?? []))
      }
      return reached.has(file)
    })
    expect(circles).toEqual([])
  })

  test('the registry of adapters has one reader', () => {
    const readers = files.filter((file) => importsOf(file).includes('adapters/index.ts'))
    expect(readers).toEqual(['src/worker.ts'])
  })

  test('only db, and what makes one, knows D1 and SQL', () => {
    const knowing = files.filter((file) => importsOf(file).some((i) => i.startsWith('drizzle-orm')))
    expect(knowing.filter((file) => !file.startsWith('src/db/'))).toEqual([])
  })
})
