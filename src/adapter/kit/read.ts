/** What is read must be what is there: an empty answer that is wrong makes a second person. */
import type { NativeObject, Value } from '../contract.ts'
import { type Check, CheckBlocked, CheckFailed, demand, skipUnless } from './check.ts'
import { differences } from './differences.ts'
import { describe, failureOf, type Scene } from './scene.ts'
import { impossibleId, make, read, settled, smallPages, walk } from './scratch.ts'
import type { Fetch } from './subject.ts'

const READ = { needs: [], mutates: false } as const

/** Three at least, where this run may make them: a list of nobody proves nothing. */
async function populate(scene: Scene): Promise<void> {
  const { capabilities } = scene.spec
  if (capabilities.create === 'none' || scene.subject.readOnly) return
  const lacking = 3 - (scene.survey[scene.type]?.length ?? 0)
  for (let made = 0; made < lacking; made++) await settled(scene, await make(scene))
}

/** Somebody whom the app has: one that was there, or one made for it. */
async function somebody(scene: Scene): Promise<NativeObject> {
  const [first] = scene.survey[scene.type] ?? []
  return first ? read(scene, first.id) : make(scene)
}

const misplaced =
  (base: string) =>
  (fetch: Fetch): Fetch =>
  (input, init) => {
    const root = new URL(base)
    const below = input.slice(root.origin.length + root.pathname.replace(/\/$/, '').length)
    return fetch(
      `${root.origin}${root.pathname.replace(/\/$/, '')}/postern-wrong-base${below}`,
      init,
    )
  }

function typeOf(value: Value): string {
  if (typeof value === 'object') return 'object'
  return typeof value
}

export const READ_CHECKS: readonly Check[] = [
  {
    ...READ,
    id: 'read.get-unknown',
    why: 'get says null where the app says "no such object": otherwise nobody who left is ever missed.',
    async run(scene) {
      const { id } = await somebody(scene)
      const found = await scene.port.get(impossibleId(id))
      demand(found === null, 'get of an id that names nothing answers with an object')
    },
  },
  {
    ...READ,
    id: 'read.wrong-base',
    why: 'A wrong base path must not look like an app without people: every link would be buried.',
    async run(scene) {
      const { id } = await somebody(scene)
      const urls = new Set<string>()
      const watched = scene.open({
        wrap: (fetch) => (input, init) => {
          urls.add(input)
          return fetch(input, init)
        },
      })[scene.type]
      await watched?.get(id)
      const [called] = urls
      skipUnless(called !== undefined, 'the adapter makes no HTTP call')
      const { baseUrl } = scene.subject
      const wrap = misplaced(baseUrl ?? new URL(called).origin)
      const port = scene.open({ wrap })[scene.type]
      if (!port) throw new CheckBlocked('there is no port')
      const got = await failureOf(async () => port.get(id))
      demand(
        got !== undefined,
        'get says null at a wrong base path: tell "no such object" by the body',
      )
      const listed = await failureOf(async () => port.list({ pageSize: 2 }))
      demand(listed !== undefined, 'list answers at a wrong base path')
    },
  },
  {
    ...READ,
    id: 'read.wrong-secret',
    needs: ['secrets'],
    why: 'A refused credential must be a failure `auth`: an empty answer would make everybody anew.',
    async run(scene) {
      const { adapter, spec } = scene
      const { id } = await somebody(scene)
      const wrong = Object.fromEntries(adapter.secrets.map((name) => [name, 'postern-kit-wrong']))
      const port = scene.open({ secrets: wrong })[scene.type]
      if (!port) throw new CheckBlocked('there is no port')
      const [lookup] = spec.capabilities.lookups
      const calls: [string, () => Promise<unknown>][] = [
        ['get', () => port.get(id)],
        ['list', () => port.list({ pageSize: 2 })],
        ...(lookup
          ? [
              ['find', () => port.find(lookup.attribute, 'somebody')] as [
                string,
                () => Promise<unknown>,
              ],
            ]
          : []),
      ]
      for (const [method, call] of calls) {
        let said: unknown
        const failure = await failureOf(async () => {
          said = await call()
        })
        // Some apps show a part of a person to everybody: that is not empty, and no harm.
        if (method === 'get' && (failure ? failure.effect === 'none' : said !== null)) continue
        demand(failure !== undefined, `${method} answers although the secret is wrong`)
        demand(
          failure.code === 'auth' || failure.code === 'forbidden',
          `${method} with a wrong secret: ${describe(failure)}; it must be auth`,
        )
      }
    },
  },
  {
    ...READ,
    id: 'read.list-ends',
    why: 'A list that does not end keeps every scan from finishing.',
    async run(scene) {
      for (const size of [scene.spec.capabilities.list.maxPage, 3]) {
        const { ended, pages } = await walk(scene, size)
        demand(
          ended,
          `after ${pages.length} pages the list hands out a cursor that was there before`,
        )
      }
    },
  },
  {
    ...READ,
    id: 'read.list-unique',
    why: 'Whoever is listed twice is taken for two.',
    async run(scene) {
      await populate(scene)
      const { objects } = await walk(scene, 3)
      const ids = objects.map(({ id }) => id)
      const twice = ids.filter((id, at) => ids.indexOf(id) !== at)
      demand(twice.length === 0, `${twice.length} of ${ids.length} ids come more than once`)
    },
  },
  {
    ...READ,
    id: 'read.page-size',
    why: 'A page larger than asked for does not fit where it was to go.',
    async run(scene) {
      await populate(scene)
      const { pages } = await walk(scene, 2)
      const most = Math.max(...pages.map(({ items }) => items.length))
      demand(most <= 2, `a page of 2 was asked for, and ${most} objects came`)
    },
  },
  {
    ...READ,
    id: 'read.list-complete',
    why: 'The list must hold the same people whatever the size of its pages.',
    async run(scene) {
      await populate(scene)
      const { maxPage } = scene.spec.capabilities.list
      const large = new Set((await walk(scene, maxPage)).objects.map(({ id }) => id))
      const small = new Set((await walk(scene, 2)).objects.map(({ id }) => id))
      const missed = [...large].filter((id) => !small.has(id)).length
      const more = [...small].filter((id) => !large.has(id)).length
      demand(missed === 0, `${missed} of ${large.size} objects are missing from pages of 2`)
      demand(more === 0, `${more} objects are missing from pages of ${maxPage}`)
    },
  },
  {
    ...READ,
    id: 'read.list-again',
    why: 'Two lists of the same people that differ make some of them come and go.',
    async run(scene) {
      await populate(scene)
      const first = new Set((await walk(scene, 5)).objects.map(({ id }) => id))
      const second = new Set((await walk(scene, 5)).objects.map(({ id }) => id))
      const apart = [...first].filter((id) => !second.has(id)).length
      demand(
        apart === 0 && first.size === second.size,
        `the second walk has ${second.size} objects, the first had ${first.size}`,
      )
    },
  },
  {
    ...READ,
    id: 'read.total',
    why: 'A total that the adapter states is what clients page by.',
    async run(scene) {
      await populate(scene)
      const { pages, objects } = await walk(scene)
      const totals = pages.flatMap(({ total }) => total ?? [])
      skipUnless(totals.length > 0, 'the app states no total')
      const count = new Set(objects.map(({ id }) => id)).size
      const wrong = totals.find((total) => total !== count)
      demand(wrong === undefined, `the total is ${wrong}, and there are ${count} objects`)
    },
  },
  {
    ...READ,
    id: 'read.skip',
    needs: ['list.skip'],
    why: 'A list that may begin later must begin exactly there.',
    async run(scene) {
      await populate(scene)
      const whole = [...new Set((await walk(scene, 4)).objects.map(({ id }) => id))]
      skipUnless(whole.length > 1, 'there are not two objects')
      for (const skip of [1, Math.floor(whole.length / 2)]) {
        const page = await scene.port.list({ pageSize: 4, skip })
        const ids = page.items.map(({ id }) => id)
        demand(
          ids.length > 0 && ids.every((id, at) => id === whole[skip + at]),
          `after ${skip} skipped the page begins elsewhere`,
        )
      }
    },
  },
  {
    id: 'read.insert-between-pages',
    needs: ['create', 'list.order: stable'],
    mutates: true,
    why: 'An order declared stable meets everybody once, although somebody joins during the walk.',
    async run(scene) {
      const before = (await smallPages(scene)).objects.map(({ id }) => id)
      const threes = (await walk(scene, 3)).objects.map(({ id }) => id)
      const during = (await walk(scene, 3, () => make(scene))).objects.map(({ id }) => id)
      // Who comes twice without anybody joining is another check's.
      const isOnce = (ids: readonly string[], id: string) => ids.indexOf(id) === ids.lastIndexOf(id)
      const once = before.filter((id) => isOnce(before, id) && isOnce(threes, id))
      const missed = once.filter((id) => !during.includes(id))
      const twice = once.filter((id) => !isOnce(during, id))
      demand(missed.length === 0, `${missed.length} were missed; declare the order unstable`)
      demand(twice.length === 0, `${twice.length} came twice; declare the order unstable`)
    },
  },
  {
    ...READ,
    id: 'read.declared',
    why: 'What an object holds must be what is declared, or the core compares apples with pears.',
    async run(scene) {
      await populate(scene)
      const { attributes, capabilities } = scene.spec
      const { items } = await scene.port.list({ pageSize: Math.min(20, capabilities.list.maxPage) })
      skipUnless(items.length > 0, 'there is nobody')
      const faults = new Set<string>()
      for (const object of items) {
        if (typeof object.id !== 'string' || object.id === '') faults.add('an id is no text')
        if (
          !object.ticket &&
          (object.active !== undefined) !== (capabilities.active === 'native')
        ) {
          faults.add('`active` is there exactly where the capability is "native"')
        }
        for (const [name, value] of Object.entries(object.attributes)) {
          const spec = attributes[name]
          if (!spec) faults.add(`${name} is not declared`)
          if (!spec || value === null) continue
          const ones = spec.multiValued && Array.isArray(value) ? value : [value]
          const wanted = spec.type === 'datetime' ? 'string' : spec.type
          if (Array.isArray(value) !== (spec.multiValued === true) && spec.type !== 'object') {
            faults.add(`${name} is ${Array.isArray(value) ? 'a list' : 'no list'}`)
          } else if (ones.some((one) => typeOf(one) !== wanted)) {
            faults.add(`${name} is no ${spec.type}`)
          }
        }
      }
      if (faults.size > 0) throw new CheckFailed([...faults].join('; '))
    },
  },
  {
    ...READ,
    id: 'read.list-as-get',
    why: 'What a list leaves out is taken for cleared: declare it partial, or read one by one.',
    async run(scene) {
      await populate(scene)
      const { items } = await scene.port.list({ pageSize: 5 })
      skipUnless(items.length > 0, 'there is nobody')
      for (const item of items) {
        const apart = differences(scene.spec, item, await read(scene, item.id))
        demand(apart.length === 0, `list and get do not show the same ${apart.join(', ')}`)
      }
    },
  },
]
