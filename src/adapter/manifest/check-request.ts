/** Whether a request of a manifest places what there is, and expects what can come. */
import { isXmlName } from '../xml-tree.ts'
import { checkLists } from './check-lists.ts'
import type { Rule } from './request-schema.ts'
import { kindOf, type Placed } from './roles.ts'
import type { Manifest } from './schema.ts'
import { isListTemplate, placeholdersIn, SPREAD } from './template.ts'

export type Path = readonly (string | number)[]
export interface Fault {
  readonly path: Path
  readonly message: string
}

const MAX_DEPTH = 16
/** Set by the HTTP client, or by HTTP itself. */
const OWN_HEADERS = ['host', 'content-length', 'connection', 'transfer-encoding', 'user-agent']
/** By part of a request: what it has no place for. A list in a query is a name several times. */
const MANY: Readonly<Record<'path' | 'query' | 'headers' | 'body', readonly string[]>> = {
  path: ['attributes', 'current', 'members', 'groups'],
  query: ['attributes', 'current'],
  headers: ['attributes', 'current', 'members', 'groups'],
  body: [],
}
const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

export function checkHeaders(path: Path, headers: object | undefined): Fault[] {
  return Object.keys(headers ?? {}).flatMap((name) => {
    if (!HEADER.test(name)) return [{ path: [...path, name], message: 'is no name of a header' }]
    return OWN_HEADERS.includes(name.toLowerCase())
      ? [{ path: [...path, name], message: 'is set by Postern itself' }]
      : []
  })
}

export function checkRequest(manifest: Manifest, { role, path, request }: Placed): Fault[] {
  const faults: Fault[] = []
  for (const part of ['path', 'query', 'headers', 'body'] as const) {
    const { body } = request
    // The document of a GraphQL call is not a template: its braces are its own.
    const value =
      part === 'body' && body && 'graphql' in body ? body.variables : (request[part] as unknown)
    faults.push(...checkPlaces(manifest, [...path, part], value, role.places))
    const whole = placeholdersIn(value).find((name) => MANY[part].includes(name))
    if (whole !== undefined) {
      const message = `{${whole}} is more than one value, which has no place here`
      faults.push({ path: [...path, part], message })
    }
  }
  faults.push(...checkHeaders([...path, 'headers'], request.headers))
  if (request.method === 'GET' && request.body !== undefined) {
    faults.push({ path: [...path, 'body'], message: 'a GET carries none: write "method": "POST"' })
  }
  if (isDeeper(request.body, MAX_DEPTH)) {
    faults.push({ path: [...path, 'body'], message: `nests more than ${MAX_DEPTH} levels deep` })
  } else faults.push(...checkLists([...path, 'body'], request.body))
  faults.push(...checkXml([...path, 'body', 'xml'], request))
  const rules = request.rules.flatMap((rule, i) =>
    checkVerdict([...path, 'rules', i], rule, role.verdicts),
  )
  return [...faults, ...rules]
}

function checkXml(path: Path, { body }: Placed['request']): Fault[] {
  if (!body || !('xml' in body)) return []
  const [root, another] = Object.keys(body.xml)
  if (root === undefined || another !== undefined || !/^[^@#.]/.test(root)) {
    return [{ path, message: 'must hold one member: the element that the document is' }]
  }
  const named = (value: unknown, at: Path): Fault[] => {
    if (typeof value !== 'object' || value === null) return []
    if (isListTemplate(value)) {
      return [...named(value.as, [...at, 'as']), ...named(value.and, [...at, 'and'])]
    }
    return Object.entries(value).flatMap(([name, inner]) => {
      const isNamed = Array.isArray(value) || name === SPREAD || isXmlName(name)
      const here = [...at, name]
      return [
        ...(isNamed ? [] : [{ path: here, message: 'is no name in XML' }]),
        ...named(inner, here),
      ]
    })
  }
  return named(body.xml, path)
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}

export function checkPlaces(
  { config }: Manifest,
  path: Path,
  value: unknown,
  places: readonly string[],
): Fault[] {
  return placeholdersIn(value).flatMap((name) => {
    const [, head = '', , inner] = /^(\w+)(\.([\w-]+))?/.exec(name) ?? []
    if (head === 'config' && inner !== undefined && Object.hasOwn(config, inner)) {
      return config[inner]?.secret
        ? [{ path, message: `{${name}} is a secret: "auth" places it, and nothing else` }]
        : []
    }
    if (head === 'secret' && places.includes('secret') && inner !== undefined) {
      const message = `must be declared here with "secret": true: "auth" places it`
      return config[inner]?.secret ? [] : [{ path: ['config', inner], message }]
    }
    if (places.includes(head) && (inner === undefined || head === 'attributes')) return []
    const known = [...places, ...Object.keys(config).map((key) => `config.${key}`)]
      .filter((key) => !config[key.replace(/^config\./, '')]?.secret)
      .map((key) => `{${key}}`)
    return [{ path, message: `nothing is called {${name}} here; there is ${known.join(', ')}` }]
  })
}

export function checkRule(path: Path, rule: Rule): Fault[] {
  const { at, body, status, equals, contains, exists } = rule
  const asks = [equals, contains, exists].filter((asked) => asked !== undefined).length
  if (at === undefined && body === undefined && status === undefined) {
    return [{ path, message: 'must say when it holds: by "status", "body" or "at"' }]
  }
  if (at === undefined && asks > 0) {
    return [{ path: [...path, 'at'], message: 'must say what "equals" and its like are about' }]
  }
  if (at !== undefined && asks !== 1) {
    const message = 'needs one of "equals", "contains" and "exists" beside it'
    return [{ path: [...path, 'at'], message }]
  }
  const isNobody = rule.means === 'absent' || rule.means === 'empty'
  if (isNobody && at === undefined && body === undefined) {
    const message =
      'must say by "at" or "body" what shows that the app itself says so: a wrong base URL answers ' +
      '404 too, and believing it would bury every link'
    return [{ path, message }]
  }
  return []
}

export function checkVerdict(path: Path, rule: Rule, verdicts: readonly string[]): Fault[] {
  const kind = kindOf(rule.means)
  if (verdicts.includes(kind)) return []
  const message = `"${kind}" is no answer to this request; there is ${verdicts.join(', ')}`
  return [{ path: [...path, 'means'], message }]
}
