/** An OpenAPI 3.0 or 3.1 file, or one of Swagger 2, as one list of operations. */
import { parse as parseYaml } from 'yaml'
import { CommandError } from '../../command.ts'
import { dereference, isObject, type Shape, shapeReader } from './shape.ts'

type Json = Readonly<Record<string, unknown>>

export interface Parameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
  readonly shape: Shape
  readonly description: string
}

export interface Answer {
  readonly status: string
  readonly shape: Shape
  /** Names of headers that the file declares, in lower case. */
  readonly headers: readonly string[]
}

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly parameters: readonly Parameter[]
  readonly body: { readonly kind: 'json' | 'form' | 'other'; readonly shape: Shape }
  readonly answers: readonly Answer[]
}

export interface ApiDocument {
  readonly title: string
  /** Path of the base URL, such as `/api/v4`; empty for none. */
  readonly basePath: string
  readonly operations: readonly Operation[]
  /** Security schemes by name, as the file has them. */
  readonly security: Readonly<Record<string, Json>>
}

const MAX_LENGTH = 20_000_000
const MAX_PATHS = 5_000
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

/** @throws {CommandError} where the text is no OpenAPI file */
export function parseDocument(text: string, file: string): ApiDocument {
  if (text.length > MAX_LENGTH) {
    throw new CommandError(`${file} is too long`, 'cut it down to the paths of users and groups')
  }
  const root = parseText(text, file)
  const isSwagger = isObject(root) && root['swagger'] === '2.0'
  const version = isObject(root) ? String(root['openapi'] ?? '') : ''
  if (!isObject(root) || !(isSwagger || /^3\.[01]/.test(version)) || !isObject(root['paths'])) {
    throw new CommandError(
      `${file} is no OpenAPI 3.0, OpenAPI 3.1 or Swagger 2 file`,
      'without one: postern adapter new <name> asks everything',
    )
  }
  const info = isObject(root['info']) ? root['info'] : {}
  const components = isObject(root['components']) ? root['components'] : {}
  const schemes = isSwagger ? root['securityDefinitions'] : components['securitySchemes']
  return {
    title: String(info['title'] ?? '').slice(0, 200),
    basePath: isSwagger ? cleanPath(String(root['basePath'] ?? '')) : serverPath(root['servers']),
    operations: operationsOf(root, isSwagger),
    security: Object.fromEntries(
      Object.entries(isObject(schemes) ? schemes : {}).flatMap(([name, scheme]) => {
        const found = dereference(root, scheme)
        return isObject(found) ? [[name, found]] : []
      }),
    ),
  }
}

function parseText(text: string, file: string): unknown {
  try {
    // Aliases are bounded by the parser, so a small file does not grow into a large one.
    return text.trimStart().startsWith('{') ? JSON.parse(text) : parseYaml(text)
  } catch (cause) {
    throw new CommandError(`${file} is neither JSON nor YAML`, (cause as Error).message, { cause })
  }
}

/** Of the first server; its host is the connection's business. */
function serverPath(servers: unknown): string {
  const [first] = Array.isArray(servers) ? servers : []
  if (!isObject(first) || typeof first['url'] !== 'string') return ''
  const variables = isObject(first['variables']) ? first['variables'] : {}
  const url = first['url'].replace(/\{([^}]+)\}/g, (_, name: string) => {
    const variable = variables[name]
    return isObject(variable) ? String(variable['default'] ?? '') : ''
  })
  return cleanPath(url.replace(/^[a-z]+:\/\/[^/]*/i, ''))
}

function cleanPath(path: string): string {
  const clean = path.replace(/\/+$/, '').replace(/[^A-Za-z0-9\-._~/]/g, '')
  return clean === '' || clean.startsWith('/') ? clean : `/${clean}`
}

function operationsOf(root: Json, isSwagger: boolean): Operation[] {
  const paths = isObject(root['paths']) ? Object.entries(root['paths']) : []
  const shape = shapeReader(root)
  return paths.slice(0, MAX_PATHS).flatMap(([path, item]) => {
    const found = dereference(root, item)
    if (!isObject(found) || !path.startsWith('/')) return []
    return METHODS.flatMap((method): Operation[] => {
      const operation = dereference(root, found[method])
      if (!isObject(operation) || operation['deprecated'] === true) return []
      const given = [found['parameters'], operation['parameters']]
        .flat()
        .map((one) => dereference(root, one))
        .filter(isObject)
      // Shapes are read when they are asked for: large files describe far more than people.
      return [
        lazily(
          {
            method: method.toUpperCase() as Operation['method'],
            path: path.length > 1 ? path.replace(/\/$/, '') : path,
          },
          {
            parameters: () => given.map((one) => parameterOf(one, shape)),
            body: () =>
              isSwagger ? swaggerBody(given, shape) : openApiBody(root, operation, shape),
            answers: () => answersOf(root, operation, shape),
          },
        ),
      ]
    })
  })
}

function lazily<T extends object, L extends Readonly<Record<string, () => unknown>>>(
  target: T,
  members: L,
): T & { readonly [K in keyof L]: ReturnType<L[K]> } {
  for (const [name, compute] of Object.entries(members)) {
    let known: { readonly value: unknown } | undefined
    const get = () => {
      known ??= { value: compute() }
      return known.value
    }
    Object.defineProperty(target, name, { get, enumerable: true })
  }
  return target as T & { readonly [K in keyof L]: ReturnType<L[K]> }
}

type Read = (schema: unknown) => Shape

function parameterOf(given: Json, shape: Read): Parameter {
  return {
    name: String(given['name'] ?? ''),
    in: String(given['in'] ?? ''),
    required: given['required'] === true,
    // Swagger 2 has the members of the schema beside "in".
    shape: shape(given['schema'] ?? given),
    description: String(given['description'] ?? ''),
  }
}

function swaggerBody(given: readonly Json[], shape: Read): Operation['body'] {
  const body = given.find((one) => one['in'] === 'body')
  if (body) return { kind: 'json', shape: shape(body['schema']) }
  const fields = given.filter((one) => one['in'] === 'formData')
  const properties = Object.fromEntries(fields.map((one) => [String(one['name']), one]))
  const required = fields.filter((one) => one['required'] === true).map((one) => one['name'])
  return {
    kind: fields.length > 0 ? 'form' : 'other',
    shape: shape({
      type: 'object',
      // A field's own "required" is a boolean, not the list of a schema.
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, one]) => [name, { ...one, required: undefined }]),
      ),
      required,
    }),
  }
}

function openApiBody(root: Json, operation: Json, shape: Read): Operation['body'] {
  const body = dereference(root, operation['requestBody'])
  const content = isObject(body) && isObject(body['content']) ? body['content'] : {}
  const { schema, type } = contentOf(content)
  const isForm = type.startsWith('application/x-www-form-urlencoded')
  const isJson = /^application\/(?:(?!json-patch|merge-patch)[\w.+-]*)?json/.test(type)
  const isMerge = type.startsWith('application/merge-patch+json')
  return {
    kind: isJson || isMerge ? 'json' : isForm ? 'form' : 'other',
    shape: shape(schema),
  }
}

/** JSON where there is a choice. */
function contentOf(content: Json): { schema: unknown; type: string } {
  const types = Object.keys(content)
  const rank = (type: string) =>
    type.startsWith('application/json;') || type === 'application/json'
      ? 0
      : type.includes('merge-patch')
        ? 1
        : type === '*/*'
          ? 2
          : type.includes('json-patch')
            ? 5
            : type.includes('json')
              ? 3
              : 4
  const [type = ''] = types.sort((a, b) => rank(a) - rank(b))
  const found = content[type]
  return {
    schema: isObject(found) ? found['schema'] : undefined,
    type: type === '*/*' ? 'application/json' : type,
  }
}

function answersOf(root: Json, operation: Json, shape: Read): Answer[] {
  const responses = isObject(operation['responses']) ? operation['responses'] : {}
  return Object.entries(responses).flatMap(([status, response]) => {
    const found = dereference(root, response)
    if (!isObject(found)) return []
    const schema = isObject(found['content']) ? contentOf(found['content']).schema : found['schema']
    const headers = isObject(found['headers']) ? Object.keys(found['headers']) : []
    return [{ status, shape: shape(schema), headers: headers.map((name) => name.toLowerCase()) }]
  })
}

/** What a call that went well answers with. */
export function success({ answers }: Operation): Answer | undefined {
  return (
    answers.find(({ status }) => /^2/.test(status)) ?? answers.find((a) => a.status === 'default')
  )
}
