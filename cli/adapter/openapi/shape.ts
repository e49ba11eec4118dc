/** Schemas of an OpenAPI file as one flat form: local references followed, `allOf` merged. */

export interface Shape {
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'unknown'
  readonly properties: Readonly<Record<string, Shape>>
  readonly required: readonly string[]
  /** What a list holds. */
  readonly items?: Shape
  readonly values: readonly (string | number | boolean)[]
  readonly format: string
  readonly description: string
  readonly readOnly: boolean
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: unknown
}

type Json = Readonly<Record<string, unknown>>

/** Deep enough for `{ data: { user: { profile: { name } } } }`. */
const MAX_DEPTH = 7
const MAX_NODES = 20_000

export const UNKNOWN: Shape = {
  type: 'unknown',
  properties: {},
  required: [],
  values: [],
  format: '',
  description: '',
  readOnly: false,
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Follows a chain of local references (`#/...`); remote ones lead nowhere. */
export function dereference(root: unknown, value: unknown): unknown {
  let found = value
  for (let steps = 0; steps < 20; steps++) {
    if (!isObject(found) || typeof found['$ref'] !== 'string') return found
    found = at(root, found['$ref'])
  }
  return undefined
}

function at(root: unknown, ref: string): unknown {
  if (!ref.startsWith('#/')) return undefined
  let found: unknown = root
  for (const part of ref.slice(2).split('/')) {
    const name = decode(part).replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = (found as Json)[name]
  }
  return found
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** Reads one schema after the other, and stops looking deeper once a file has cost too much. */
export function shapeReader(root: unknown): (schema: unknown) => Shape {
  let nodes = 0
  const read = (schema: unknown, depth: number): Shape => {
    const found = dereference(root, schema)
    if (!isObject(found) || depth > MAX_DEPTH || ++nodes > MAX_NODES) return UNKNOWN
    const parts = [found['allOf'], oneOf(found['anyOf']), oneOf(found['oneOf'])]
      .flat()
      .filter((part) => part !== undefined)
      .map((part) => read(part, depth + 1))
    return merge([own(found, depth), ...parts])
  }
  const own = (schema: Json, depth: number): Shape => {
    const properties = isObject(schema['properties']) ? schema['properties'] : {}
    const items = schema['items'] === undefined ? undefined : read(schema['items'], depth + 1)
    const { minimum, maximum } = schema
    return {
      type: typeOf(schema),
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, inner]) => [name, read(inner, depth + 1)]),
      ),
      required: texts(schema['required']),
      ...(items && { items }),
      values: [schema['enum']].flat().filter(isScalar),
      format: text(schema['format']),
      description: text(schema['description']),
      readOnly: schema['readOnly'] === true,
      ...(typeof minimum === 'number' && { minimum }),
      ...(typeof maximum === 'number' && { maximum }),
      ...(schema['default'] !== undefined && { default: schema['default'] }),
    }
  }
  return (schema) => {
    nodes = 0
    return read(schema, 0)
  }
}

/** Of alternatives the first that is not "null": both stand for the same thing in most files. */
function oneOf(alternatives: unknown): unknown {
  if (!Array.isArray(alternatives)) return undefined
  return alternatives.find((one) => !(isObject(one) && one['type'] === 'null'))
}

function merge(shapes: readonly Shape[]): Shape {
  const [first = UNKNOWN, ...rest] = shapes
  let whole = first
  for (const one of rest) {
    whole = {
      ...Object.assign({}, whole, one),
      type: whole.type === 'unknown' ? one.type : whole.type,
      properties: Object.assign({}, whole.properties, one.properties),
      required: whole.required.concat(one.required),
      values: whole.values.length > 0 ? whole.values : one.values,
      format: whole.format || one.format,
      description: whole.description || one.description,
      readOnly: whole.readOnly || one.readOnly,
    }
  }
  return whole
}

function typeOf(schema: Json): Shape['type'] {
  // OpenAPI 3.1 has lists of types: ["string", "null"].
  const type = [schema['type']].flat().find((one) => one !== 'null')
  if (type === undefined && isObject(schema['properties'])) return 'object'
  if (type === undefined && schema['items'] !== undefined) return 'array'
  switch (type) {
    case 'string':
    case 'number':
    case 'integer':
    case 'boolean':
    case 'object':
    case 'array':
      return type
    default:
      return 'unknown'
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
const isScalar = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value)
