/** Right JSON, and text, made wrong in a few places. They shrink to fewer and simpler changes. */
import fc from 'fast-check'
import type { Json } from '../../src/scim/schema.ts'

const nested = (levels: number): Json => (levels === 0 ? 'x' : [nested(levels - 1)])

/** What programs trip over. */
export const ODD: readonly Json[] = [
  ...[null, true, false, 0, -1, 1.5, 1e300, -1e-300, 2 ** 53, 2 ** 64],
  ...['', ' ', '\u0000', '\ud800', '\u202e', '\ufeff', 'é', 'e\u0301', 'ß', 'İ', '😀'],
  ...['true', 'False', '1', '{}', '{"value":"x"}', '[]', '*', '..', '../..', '%2e%2e', '%00'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '"', '\\', "'", '<b>', '\r\n'],
  ...['2020-02-30T00:00:00Z', '9999-12-31T23:59:60Z', 'urn:', 'urn:x:y', 'bulkId:a', 'bulkId:'],
  ...['x'.repeat(300), 'x'.repeat(20_000), [], {}, [[]], [null], [{}], { '': '' }, nested(20)],
  { value: null },
  [{ value: 'x' }, { value: 'x' }, { value: 'X', primary: true }, { primary: true }],
]

export const odd: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom(...ODD),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>,
)

type Change =
  | { readonly how: 'replace' | 'rename' | 'add'; readonly at: number; readonly by: Json }
  | { readonly how: 'drop' | 'double' | 'wrap' | 'unwrap'; readonly at: number }
  | { readonly how: 'swap' | 'graft'; readonly at: number; readonly from: number }

const place = fc.nat({ max: 9_999 })
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ how: fc.constantFrom('replace', 'rename', 'add'), at: place, by: odd }),
  fc.record({ how: fc.constantFrom('drop', 'double', 'wrap', 'unwrap'), at: place }),
  fc.record({ how: fc.constantFrom('swap', 'graft'), at: place, from: place }),
) as fc.Arbitrary<Change>

/** The document with some of its places changed. */
export function mutated(document: Json, most = 3): fc.Arbitrary<Json> {
  return fc.array(change, { maxLength: most }).map((changes) => changes.reduce(apply, document))
}

/** As `mutated`, for documents that are arbitrary themselves. */
export function mutatedOf(documents: fc.Arbitrary<Json>, most = 3): fc.Arbitrary<Json> {
  const changes = fc.array(change, { maxLength: most })
  return fc.tuple(documents, changes).map(([document, made]) => made.reduce(apply, document))
}

interface Place {
  readonly holder: Record<string, Json>
  readonly key: string
}

/** Every member and element, with what holds it. */
function placesIn(value: Json, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return found
  for (const key of Object.keys(value)) {
    const holder = value as Record<string, Json>
    found.push({ holder, key })
    placesIn(holder[key] ?? null, found)
  }
  return found
}

function put(holder: Record<string, Json>, key: string, value: Json): void {
  // As JSON.parse does it: "__proto__" is a name as any other.
  Object.defineProperty(holder, key, {
    ...{ value, enumerable: true, writable: true, configurable: true },
  })
}

function apply(document: Json, made: Change): Json {
  const root = structuredClone({ document }) as { document: Json }
  const places = placesIn(root as unknown as Json)
  const { holder, key } = places[made.at % places.length] ?? { holder: root as never, key: 'x' }
  const value = holder[key] ?? null
  switch (made.how) {
    case 'replace':
      put(holder, key, made.by)
      break
    case 'rename':
      delete holder[key]
      put(holder, String(made.by).slice(0, 200), value)
      break
    case 'add':
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        put(value as Record<string, Json>, String(made.by).slice(0, 200), made.by)
      } else put(holder, `${key}x`, made.by)
      break
    case 'drop':
      delete holder[key]
      break
    case 'double':
      if (Array.isArray(value)) put(holder, key, [...value, ...value])
      else put(holder, key, [value, value])
      break
    case 'wrap':
      put(holder, key, [value])
      break
    case 'unwrap':
      if (Array.isArray(value)) put(holder, key, value[0] ?? null)
      else if (typeof value === 'object' && value !== null) {
        put(holder, key, Object.values(value)[0] ?? null)
      }
      break
    case 'swap':
    case 'graft': {
      const other = places[made.from % places.length]
      if (!other) break
      const theirs = structuredClone(other.holder[other.key] ?? null)
      if (made.how === 'swap' && root.document !== value)
        put(other.holder, other.key, structuredClone(value))
      put(holder, key, theirs)
    }
  }
  return root.document ?? null
}

const PIECES = [
  ...['"', '\\', '(', ')', '[', ']', '{', '}', ',', ':', '.', ' ', '%', '&', '=', '\u0000', '\n'],
  ...[' and ', ' or ', 'not (', ' eq ', ' pr', 'null', '1e999', '\\u0000', '\\ud800', '😀', '$'],
]
const edit = fc.tuple(
  place,
  fc.nat({ max: 8 }),
  fc.oneof(
    fc.constant(''),
    fc.constantFrom(...PIECES),
    fc.string({ unit: 'binary', maxLength: 6 }),
  ),
)

/** The text with some of its characters gone, and others in their place. */
export function mutatedText(texts: fc.Arbitrary<string>, most = 4): fc.Arbitrary<string> {
  return fc.tuple(texts, fc.array(edit, { maxLength: most })).map(([text, edits]) =>
    edits.reduce((before, [at, gone, put]) => {
      const start = before.length === 0 ? 0 : at % (before.length + 1)
      return before.slice(0, start) + put + before.slice(start + gone)
    }, text),
  )
}
