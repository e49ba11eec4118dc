/** What can be said of an adapter without its app. */
import * as z from 'zod'
import type { Adapter, AnyPort, ResourceSpec } from '../contract.ts'
import { appOf } from '../mapping-entry.ts'
import { openPorts } from '../open.ts'
import { type Check, CheckBlocked, CheckFailed, demand } from './check.ts'
import type { Scene } from './scene.ts'

const LOOKS_SECRET = /(?:secret|password|passwd|token|api_?key|private_?key|credential)s?$/i

type Method = keyof AnyPort

/** The methods that a resource type's declarations make mandatory. */
function methodsOf({ capabilities }: ResourceSpec): readonly Method[] {
  const { create, update, active, remove, membership } = capabilities
  return [
    'get',
    'find',
    'list',
    ...(create === 'none' ? [] : (['create'] as const)),
    ...(create === 'invite' || create === 'async' ? (['poll'] as const) : []),
    ...(create === 'invite' ? (['cancel'] as const) : []),
    ...(update === 'none' ? [] : (['update'] as const)),
    ...(active === 'none' ? [] : (['setActive'] as const)),
    ...(remove === 'none' ? [] : (['remove'] as const)),
    ...(membership === 'none' ? [] : (['members'] as const)),
    ...(membership === 'add-remove' ? (['addMembers', 'removeMembers'] as const) : []),
    ...(membership === 'replace-on-group' ? (['replaceMembers'] as const) : []),
    ...(membership === 'replace-on-user' ? (['groupsOf', 'replaceGroups'] as const) : []),
  ]
}

/** Declared methods that are not there: nothing that needs an app can be checked without them. */
export function lackingMethods({ spec, port }: Scene): readonly Method[] {
  return methodsOf(spec).filter((name) => typeof port[name] !== 'function')
}

/** Settings that the schema takes, invented; undefined where it is too particular for that. */
function inventSettings({ settings }: Adapter): unknown {
  const shape: unknown = z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' })
  const invented = inventValue(shape as Shape)
  const parsed = settings.safeParse(invented)
  return parsed.success ? parsed.data : undefined
}

interface Shape {
  readonly type?: unknown
  readonly format?: unknown
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Shape>>
  readonly minimum?: number
}

function inventValue(shape: Shape): unknown {
  if (shape.default !== undefined) return shape.default
  if (shape.examples) return shape.examples[0]
  if (shape.const !== undefined) return shape.const
  if (shape.enum) return shape.enum[0]
  if (shape.properties) {
    return Object.fromEntries(
      Object.entries(shape.properties).map(([name, inner]) => [name, inventValue(inner)]),
    )
  }
  if (shape.type === 'number' || shape.type === 'integer') return shape.minimum ?? 1
  if (shape.type === 'boolean') return true
  return shape.format === 'uri' ? 'https://app.example' : 'app.example'
}

/** Connects without an app: nothing is called. @throws {CheckBlocked} where it cannot be */
function connect(adapter: Adapter, secret: (name: string) => string) {
  const settings = inventSettings(adapter)
  if (settings === undefined) {
    throw new CheckBlocked('no settings could be invented for the schema; run with --live')
  }
  // Whatever the adapter asks for, declared or not.
  const secrets = new Proxy<Record<string, string>>(
    {},
    { get: (_, name) => (typeof name === 'string' ? secret(name) : undefined) },
  )
  const nowhere = (): never => {
    throw new TypeError('no app')
  }
  const openDirectory = () => ({ use: async () => nowhere() })
  return openPorts(
    adapter,
    { settings, secrets, leftMs: () => 1_000 },
    {
      fetch: async () => nowhere(),
      dial: nowhere,
      openDirectory,
      now: () => 0,
      allowInsecure: true,
    },
  )
}

const NOTHING = { needs: [], mutates: false } as const

export const STATIC_CHECKS: readonly Check[] = [
  {
    ...NOTHING,
    id: 'static.naming',
    why: 'People are matched by the naming attribute: it is declared, and the mapping names it.',
    async run({ spec }) {
      demand(
        Object.hasOwn(spec.attributes, spec.naming),
        `"${spec.naming}" is the naming attribute, and is not declared in attributes`,
      )
      const mapped = Object.entries(spec.mapping).map(([key, entry]) => appOf(key, entry))
      demand(mapped.includes(spec.naming), `the mapping does not name "${spec.naming}"`)
    },
  },
  {
    ...NOTHING,
    id: 'static.mapping',
    why: 'A mapping to an attribute that nobody declares writes nothing, and nobody is told.',
    async run({ spec }) {
      const strange = Object.entries(spec.mapping).flatMap(([key, entry]) => {
        const name = appOf(key, entry)
        return name === undefined || Object.hasOwn(spec.attributes, name) ? [] : [`${key}: ${name}`]
      })
      demand(strange.length === 0, `the mapping names what is not declared: ${strange.join(', ')}`)
    },
  },
  {
    ...NOTHING,
    id: 'static.lookups',
    why: 'Without a look-up of each unique attribute, who is in the way can only be found by reading everybody.',
    async run({ spec }) {
      const { attributes, capabilities, naming } = spec
      const looked = capabilities.lookups.map(({ attribute }) => attribute)
      const lacking = Object.entries(attributes)
        .filter(([name, { unique, write }]) => {
          // Of a fixed catalogue nothing is made, so nothing is in the way.
          return (
            (name === naming && capabilities.create !== 'none') || (unique && write !== 'never')
          )
        })
        .map(([name]) => name)
        .filter((name) => !looked.includes(name))
      demand(lacking.length === 0, `declare a look-up of ${lacking.join(', ')}`)
    },
  },
  {
    ...NOTHING,
    id: 'static.lookup-attributes',
    why: 'A look-up of an attribute that is not declared is never asked.',
    async run({ spec }) {
      const strange = spec.capabilities.lookups
        .map(({ attribute }) => attribute)
        .filter((name) => !Object.hasOwn(spec.attributes, name))
      demand(strange.length === 0, `look-ups of what is not declared: ${strange.join(', ')}`)
    },
  },
  {
    ...NOTHING,
    id: 'static.required',
    why: 'What the app requires must be writable on create and in the mapping, or every create fails.',
    needs: ['create'],
    async run({ spec }) {
      const mapped = Object.entries(spec.mapping).map(([key, entry]) => appOf(key, entry))
      const wrong = Object.entries(spec.attributes)
        .filter(([name, { required, write }]) => {
          return required && (write === 'never' || !mapped.includes(name))
        })
        .map(([name]) => name)
      demand(wrong.length === 0, `required, and never sent: ${wrong.join(', ')}`)
    },
  },
  {
    ...NOTHING,
    id: 'static.methods',
    why: 'A capability that is declared and has no method fails at the first request that needs it.',
    async run({ adapter, spec, type }) {
      const port = connect(adapter, () => 'secret')[type]
      demand(port !== undefined, `connect returns no port of ${type}`)
      const lacking = methodsOf(spec).filter((name) => typeof port[name] !== 'function')
      demand(lacking.length === 0, `declared, and not there: ${lacking.join(', ')}`)
    },
  },
  {
    ...NOTHING,
    once: true,
    id: 'static.secrets-sealed',
    why: 'Settings are shown to every administrator; only secrets are sealed.',
    async run({ adapter }) {
      const shape = z.toJSONSchema(adapter.settings, { io: 'input', unrepresentable: 'any' })
      const open = Object.keys(shape.properties ?? {}).filter((name) => LOOKS_SECRET.test(name))
      demand(open.length === 0, `declare as secrets, not as settings: ${open.join(', ')}`)
    },
  },
  {
    ...NOTHING,
    id: 'static.secrets-declared',
    why: 'A secret that is not declared is never asked of an administrator.',
    async run({ adapter, type }) {
      const strange = new Set<string>()
      const port = connect(adapter, (name) => {
        if (!adapter.secrets.includes(name)) strange.add(name)
        return 'secret'
      })[type]
      // It cannot succeed without an app: what matters is what it asks for on the way.
      await port?.list({ pageSize: 1 }).catch(() => undefined)
      if (strange.size > 0) {
        throw new CheckFailed(`asked for and not declared: ${[...strange].join(', ')}`)
      }
    },
  },
]
