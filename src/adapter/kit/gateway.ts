/** The two that are sacred: they ask the gateway itself, in front of the app, as a client does. */
import * as z from 'zod'
import type { Attributes } from '../contract.ts'
import { appOf } from '../mapping-entry.ts'
import { type Check, CheckBlocked, demand, skipUnless } from './check.ts'
import { aGroup, groupScene } from './groups.ts'
import { maximal, pathOf, same } from './samples.ts'
import type { Scene } from './scene.ts'
import { forget, makeOf, namesakes, read, settled } from './scratch.ts'
import type { Gateway, ScimReply } from './subject.ts'

const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const resourceSchema = z.looseObject({ id: z.string() })
const listSchema = z.object({ Resources: z.array(resourceSchema).default([]) })
type Resource = z.output<typeof resourceSchema>

function gatewayOf({ subject, type }: Scene): Gateway {
  const { gateway } = subject
  skipUnless(
    gateway !== undefined,
    'it needs a gateway that has this adapter: run with --live, by its name or manifest',
  )
  skipUnless(type === 'User', 'it is led with people; groups come along')
  return gateway
}

function done({ status, body }: ScimReply, what: string, ...wanted: readonly number[]): unknown {
  if (wanted.includes(status)) return body
  const { detail } = z
    .looseObject({ detail: z.string().default('') })
    .catch({ detail: '' })
    .parse(body)
  // The detail is the gateway's own word.
  throw new CheckBlocked(`${what} is answered ${status}: ${detail}`)
}

/** Those that clients can write: what SCIM cannot say, nobody provisions. */
function provisioned(scene: Scene): Attributes {
  const { mapping, attributes } = scene.spec
  const mapped = Object.entries(mapping).map(([key, entry]) => appOf(key, entry))
  return Object.fromEntries(
    Object.entries(maximal(scene)).filter(([name]) => {
      return mapped.includes(name) || attributes[name]?.required
    }),
  )
}

async function matched(
  scene: Scene,
  gateway: Gateway,
  name: string,
): Promise<Resource | undefined> {
  const path = pathOf(scene.spec.mapping, scene.spec.naming)
  if (path === undefined) throw new CheckBlocked('the mapping does not name the naming attribute')
  const endpoint = scene.type === 'User' ? '/Users' : `/${scene.type}s`
  const filter = encodeURIComponent(`${path} eq ${JSON.stringify(name)}`)
  const answer = await gateway.scim('GET', `${endpoint}?filter=${filter}`)
  return listSchema.parse(done(answer, 'a match query', 200)).Resources[0]
}

/** What a client would send of it. */
function payloadOf({ id: _, meta: __, groups: ___, ...rest }: Resource): Record<string, unknown> {
  return rest
}

/** The same person under names of their own: each name that the check has made gets a letter more. */
function renamed<T>(scene: Scene, value: T): T {
  // The app may have given the name a form of its own: `Pk...`.
  const own = new RegExp(`pk${scene.subject.seed}[0-9a-z]+`, 'gi')
  return JSON.parse(JSON.stringify(value).replaceAll(own, (name) => `${name}z`)) as T
}

function renamedBack<T>(scene: Scene, value: T): T {
  const own = new RegExp(`(pk${scene.subject.seed}[0-9a-z]+)z`, 'gi')
  return JSON.parse(JSON.stringify(value).replaceAll(own, '$1')) as T
}

interface Pair {
  readonly adopted: { readonly nativeId: string; readonly id: string; readonly sent: object }
  readonly created: { readonly nativeId: string; readonly id: string; readonly sent: object }
}

/** One account that was there and is adopted, and one that the gateway makes, of the same values. */
async function provision(scene: Scene, gateway: Gateway): Promise<Pair> {
  const { capabilities, naming } = scene.spec
  skipUnless(capabilities.create === 'sync', 'the app does not make people at once')
  const before = await settled(scene, await makeOf(scene, provisioned(scene)))
  const name = String((await read(scene, before.id)).attributes[naming])
  const resource = await matched(scene, gateway, name)
  if (!resource) throw new CheckBlocked('the gateway does not find who is in the app')
  const sent = payloadOf(resource)
  const other = renamed(scene, sent)
  const create = async (body: object, what: string) =>
    resourceSchema.parse(done(await gateway.scim('POST', '/Users', body), what, 201))
  const created = await create(other, 'a create')
  const [native] = await namesakes(scene, renamed(scene, name))
  if (!native) throw new CheckBlocked('the app does not show whom the gateway has made')
  forget(scene, native.id)
  const adopted = await create(sent, 'a create of who is there')
  // Taken away by whom they were made: a link whose account vanishes is another story.
  for (const { id } of [adopted, created]) {
    scene.later(async () => gateway.scim('DELETE', `/Users/${id}`))
  }
  return {
    adopted: { nativeId: before.id, id: adopted.id, sent },
    created: { nativeId: native.id, id: created.id, sent: other },
  }
}

/** As an identity provider sends it all again: a query, a read, and every way of writing. */
async function again(
  scene: Scene,
  gateway: Gateway,
  one: Pair['adopted'],
  name: string,
): Promise<void> {
  const resource = await matched(scene, gateway, name)
  if (resource?.id !== one.id) throw new CheckBlocked('the match query finds somebody else')
  const route = `/Users/${one.id}`
  done(await gateway.scim('GET', route), 'a read', 200)
  done(await gateway.scim('PUT', route, one.sent), 'a PUT', 200)
  const value = Object.fromEntries(Object.entries(one.sent).filter(([key]) => key !== 'schemas'))
  const patch = { schemas: [PATCH], Operations: [{ op: 'replace', value }] }
  done(await gateway.scim('PATCH', route, patch), 'a PATCH', 200, 204)
}

/** A group with both in it; undefined where the app has no groups that one can make. */
async function grouped(
  scene: Scene,
  gateway: Gateway,
  pair: Pair,
): Promise<(() => Promise<void>) | undefined> {
  const hasGroups = Object.values(scene.adapter.resources).some(({ capabilities }) => {
    return capabilities.membership !== 'none' && capabilities.create === 'sync'
  })
  if (!hasGroups) return undefined
  const groups = groupScene(scene)
  const { id: nativeId } = await aGroup(scene)
  const name = String(
    (await settled(groups, await read(groups, nativeId))).attributes[groups.spec.naming],
  )
  const found = await matched(groups, gateway, name)
  if (!found) throw new CheckBlocked('the gateway does not find a group of the app')
  const join = async () => {
    for (const { id } of [pair.adopted, pair.created]) {
      const operation = { op: 'add', path: 'members', value: [{ value: id }] }
      const patch = { schemas: [PATCH], Operations: [operation] }
      done(await gateway.scim('PATCH', `/Groups/${found.id}`, patch), 'a join', 200, 204)
    }
    const same = { op: 'replace', path: 'displayName', value: name }
    const patch = { schemas: [PATCH], Operations: [same] }
    done(await gateway.scim('PATCH', `/Groups/${found.id}`, patch), 'a PATCH', 200, 204)
    done(await gateway.scim('GET', `/Groups/${found.id}`), 'a read', 200)
  }
  await join()
  return join
}

const SACRED = { needs: ['create'], mutates: true } as const

export const GATEWAY_CHECKS: readonly Check[] = [
  {
    ...SACRED,
    id: 'gateway.second-sync',
    why: 'Nothing changed, nothing sent: a second sync makes no write in the app.',
    async run(scene) {
      const gateway = gatewayOf(scene)
      const { writes } = gateway
      skipUnless(writes !== undefined, 'calls to this app cannot be counted')
      const pair = await provision(scene, gateway)
      const names = await Promise.all(
        [pair.adopted, pair.created].map(async ({ nativeId }) => {
          return String((await read(scene, nativeId)).attributes[scene.spec.naming])
        }),
      )
      const join = await grouped(scene, gateway, pair)
      const before = writes()
      await again(scene, gateway, pair.adopted, names[0] ?? '')
      await again(scene, gateway, pair.created, names[1] ?? '')
      await join?.()
      const more = writes() - before
      demand(more === 0, `a second sync makes ${more} writes in the app`)
    },
  },
  {
    ...SACRED,
    id: 'gateway.adopted-as-created',
    why: 'An account that was adopted equals one that was created, in the app and to the client.',
    async run(scene) {
      const gateway = gatewayOf(scene)
      const { adopted, created } = await provision(scene, gateway)
      const { attributes, mapping } = scene.spec
      const one = await read(scene, adopted.nativeId)
      const other = renamedBack(scene, await read(scene, created.nativeId))
      const apart = Object.entries(mapping)
        .flatMap(([key, entry]) => appOf(key, entry) ?? [])
        .filter((name) => !same(attributes[name], one.attributes[name], other.attributes[name]))
      demand(apart.length === 0, `in the app they differ in ${[...new Set(apart)].join(', ')}`)
      demand(one.active === other.active, 'in the app one is on and the other off')
      const shown = await Promise.all(
        [adopted.id, created.id].map(async (id) =>
          resourceSchema.parse(done(await gateway.scim('GET', `/Users/${id}`), 'a read', 200)),
        ),
      )
      const [first, second] = shown.map((resource) => renamedBack(scene, payloadOf(resource)))
      const names = Object.keys({ ...first, ...second }).filter(
        (name) => canonical(first?.[name]) !== canonical(second?.[name]),
      )
      demand(names.length === 0, `to the client they differ in ${names.join(', ')}`)
    },
  },
]

/** JSON with its members in order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? ''
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, inner]) => `${name}:${canonical(inner)}`).join()}}`
}
