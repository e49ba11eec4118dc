/** An app on a bad day: whatever goes wrong, the adapter says so, and says what may have happened. */
import type { Value } from '../contract.ts'
import { type Check, CheckBlocked, CheckFailed, demand, skipUnless } from './check.ts'
import {
  at,
  cut,
  errorAfter,
  errorBefore,
  type Fault,
  faulty,
  htmlAfter,
  lostAnswer,
  lostRequest,
  pageFault,
  refusal,
  refusedCredential,
  tooMany,
  withRows,
} from './faults.ts'
import { aPerson, groupOfPeople, join, memberIds } from './groups.ts'
import { changeable, minimal, same, sample } from './samples.ts'
import { describe, failureOf, type Scene } from './scene.ts'
import { create, forget, isThere, make, namesakes, read, smallPages, walk } from './scratch.ts'

/** Calls of one operation that are cut at most. */
const MOST_CALLS = 8
const FOREIGN = 'words-of-the-app'
const NO_HTTP = 'the adapter makes no HTTP call'
const READS = { needs: [], mutates: false } as const
const WRITES = { needs: ['create'], mutates: true } as const

/** A connection on which something goes wrong. */
function broken(scene: Scene, fault: Fault) {
  const { wrap, calls } = faulty(fault)
  return { ...twin(scene, wrap), calls }
}

function twin(scene: Scene, wrap: ReturnType<typeof faulty>['wrap']) {
  const ports = scene.open({ wrap })
  const port = ports[scene.type]
  if (!port) throw new CheckBlocked(`connect returns no port of ${scene.type}`)
  const other: Scene = {
    subject: scene.subject,
    adapter: scene.adapter,
    type: scene.type,
    spec: scene.spec,
    survey: scene.survey,
    ports,
    port,
    open: scene.open,
    name: scene.name,
    later: scene.later,
  }
  return { port, scene: other }
}

/** A change to the app that can be cut at any of its calls. */
interface Operation {
  readonly name: string
  /** On the connection with the fault. Resolves to what the adapter says. */
  readonly run: (faultyScene: Scene) => Promise<{ readonly kind: string }>
  /** On a sound one: has the app done it? */
  readonly happened: () => Promise<boolean>
}

type Prepare = (scene: Scene) => Promise<Operation>

const creation: Prepare = async (scene) => {
  const attributes = minimal(scene)
  const name = String(attributes[scene.spec.naming])
  return {
    name: 'create',
    run: (other) => {
      // On the connection with the fault nothing is taken away again.
      const { port } = other
      if (!port.create) throw new CheckBlocked('there is no method create')
      const native = scene.spec.capabilities.active === 'native'
      return port.create({
        attributes,
        idempotencyKey: scene.name(),
        ...(native && { active: true }),
      })
    },
    async happened() {
      const found = await namesakes(scene, name)
      for (const { id, ticket } of found) {
        if (ticket === undefined) forget(scene, id)
        else scene.later(async () => scene.port.cancel?.(ticket))
      }
      return found.length > 0
    },
  }
}

const change: Prepare = async (scene) => {
  const [name] = changeable(scene)
  skipUnless(name !== undefined, 'no attribute can be changed')
  const spec = scene.spec.attributes[name]
  const { id } = await make(scene)
  const { attributes } = await read(scene, id)
  const first = sample(scene, name, 0)
  const value = (same(spec, attributes[name], first) ? sample(scene, name, 1) : first) as Value
  return {
    name: 'update',
    run: async ({ port }) =>
      (await port.update?.(id, { set: { [name]: value }, unset: [] })) ?? { kind: 'nothing' },
    happened: async () => same(spec, (await read(scene, id)).attributes[name], value),
  }
}

const switching: Prepare = async (scene) => {
  const { id } = await make(scene)
  return {
    name: 'setActive',
    run: async ({ port }) => (await port.setActive?.(id, false)) ?? { kind: 'nothing' },
    happened: async () => (await read(scene, id)).active === false,
  }
}

const removal: Prepare = async (scene) => {
  const { id } = await make(scene)
  return {
    name: 'remove',
    run: async ({ port }) => (await port.remove?.(id)) ?? { kind: 'nothing' },
    happened: async () => !(await isThere(scene, id)),
  }
}

const joining: Prepare = async (scene) => {
  const { group } = await groupOfPeople(scene, 1)
  const person = await aPerson(scene)
  return {
    name: 'a join',
    run: (other) => join({ scene: other, id: group.id }, [person]),
    happened: async () => (await memberIds(group)).includes(person.id),
  }
}

function operations({ spec }: Scene): readonly Prepare[] {
  const { capabilities } = spec
  const pending = capabilities.create === 'invite' || capabilities.create === 'async'
  const isSeen = !pending || capabilities.pending === 'shown'
  return [
    ...(capabilities.create !== 'none' && isSeen ? [creation] : []),
    ...(capabilities.update === 'none' ? [] : [change]),
    ...(capabilities.active === 'none' ? [] : [switching]),
    ...(capabilities.remove === 'hard' ? [removal] : []),
    ...(capabilities.membership === 'none' ? [] : [joining]),
  ]
}

const DONE = ['created', 'ok', 'invited', 'accepted']

/** Each operation is cut at its first call, its second one and so on, each time anew. */
async function cutEach(scene: Scene, fault: Fault): Promise<void> {
  let tried = 0
  for (const prepare of operations(scene)) {
    for (let number = 1; number <= MOST_CALLS; number++) {
      let operation: Operation
      try {
        operation = await prepare(scene)
      } catch (error) {
        if (error instanceof CheckFailed || error instanceof CheckBlocked) throw error
        break
      }
      const other = broken(scene, at(number, fault))
      let said: string | undefined
      const failure = await failureOf(async () => {
        said = (await operation.run(other.scene)).kind
      })
      if (other.calls() < number) {
        await operation.happened()
        break
      }
      tried++
      const happened = await operation.happened()
      const { name } = operation
      demand(
        failure !== undefined || (happened && said !== undefined && DONE.includes(said)),
        `${name} says ${said} although call ${number} failed; it must be a failure`,
      )
      demand(
        !(happened && failure?.effect === 'none'),
        `${name}: ${failure && describe(failure)}; but the app has done it: the effect is unknown`,
      )
    }
  }
  skipUnless(tried > 0, NO_HTTP)
}

/** Reads that must fail rather than look empty. */
async function readsFail(
  scene: Scene,
  fault: Fault,
  reads: readonly ('get' | 'find' | 'list')[],
  what: string,
): Promise<void> {
  const [first] = scene.survey[scene.type] ?? []
  const { id } = first ?? (await make(scene))
  const [lookup] = scene.spec.capabilities.lookups
  for (const name of reads) {
    const { port, calls } = broken(scene, fault)
    if (name === 'find' && !lookup) continue
    const failure = await failureOf(async () => {
      if (name === 'get') await port.get(id)
      else if (name === 'list') await port.list({ pageSize: 5 })
      else if (lookup) await port.find(lookup.attribute, scene.name())
    })
    skipUnless(calls() > 0, NO_HTTP)
    demand(failure !== undefined, `${name} answers although ${what}`)
    demand(failure.effect === 'none', `${name}: ${describe(failure)}; a read has no effect`)
  }
}

/** A walk by pages of two on which something is wrong; undefined: it was refused as it should. */
async function strangeWalk(
  scene: Scene,
  fault: Fault,
  most: number,
): Promise<readonly string[] | undefined> {
  const { port } = broken(scene, fault)
  const ids: string[] = []
  const failure = await failureOf(async () => {
    let cursor: string | undefined
    for (let pages = 1; ; pages++) {
      const page = await port.list({ pageSize: 2, ...(cursor !== undefined && { cursor }) })
      ids.push(...page.items.map(({ id }) => id))
      if (page.next === undefined) return
      demand(page.next !== cursor, 'the list hands out the cursor that it was asked with')
      demand(pages <= most, `the list does not end: ${pages} pages, and more to come`)
      cursor = page.next
    }
  })
  return failure === undefined ? ids : undefined
}

export const CHAOS_CHECKS: readonly Check[] = [
  {
    ...READS,
    id: 'chaos.rate',
    why: '429 is a failure `rate` without effect, whatever its body: the core waits and comes again.',
    async run(scene) {
      const { port, calls } = broken(scene, tooMany())
      const writes = scene.spec.capabilities.create !== 'none' && !scene.subject.readOnly
      const works: (() => Promise<unknown>)[] = [
        () => port.list({ pageSize: 2 }),
        () => port.get('1'),
        ...(writes
          ? [async () => port.create?.({ attributes: minimal(scene), idempotencyKey: 'k' })]
          : []),
      ]
      for (const work of works) {
        const failure = await failureOf(work)
        skipUnless(calls() > 0, NO_HTTP)
        demand(
          failure?.code === 'rate' && failure.effect === 'none',
          `429 is ${failure ? describe(failure) : 'no failure'}; it must be rate, effect none`,
        )
      }
    },
  },
  {
    ...READS,
    id: 'chaos.rate-wait',
    why: 'How long to wait is said in one of four ways, and each of them is passed on.',
    async run(scene) {
      const now = Math.floor(scene.subject.io.now() / 1000)
      const forms: readonly [string, string, number][] = [
        ['Retry-After', '7', 7],
        ['Retry-After', new Date((now + 70) * 1000).toUTCString(), 70],
        ['RateLimit-Reset', '11', 11],
        ['X-RateLimit-Reset', String(now + 130), 130],
      ]
      for (const [name, value, seconds] of forms) {
        const { port, calls } = broken(scene, tooMany({ [name]: value }))
        const failure = await failureOf(() => port.list({ pageSize: 2 }))
        skipUnless(calls() > 0, NO_HTTP)
        const waits = failure?.retryAfterSeconds
        // Times of day count from a clock that has gone on.
        demand(
          waits !== undefined && waits <= seconds && waits >= seconds - 30 && waits > 0,
          `${name}: ${seconds < 20 ? value : 'a time of day'} is ${waits} s, not ${seconds} s`,
        )
      }
    },
  },
  {
    ...READS,
    id: 'chaos.down',
    why: 'An app that is down is no app without people.',
    run: (scene) => readsFail(scene, errorBefore, ['get', 'find', 'list'], 'the app answers 503'),
  },
  {
    ...WRITES,
    id: 'chaos.error-before',
    why: 'A write that the app answers with 503 is a failure, never done or unchanged.',
    run: (scene) => cutEach(scene, errorBefore),
  },
  {
    ...WRITES,
    id: 'chaos.error-after',
    why: '500 may come after the app has done it: the effect is unknown, or it is done twice.',
    run: (scene) => cutEach(scene, errorAfter),
  },
  {
    ...WRITES,
    id: 'chaos.lost-request',
    why: 'A write that never arrived is a failure, never done or unchanged.',
    run: (scene) => cutEach(scene, lostRequest),
  },
  {
    ...WRITES,
    id: 'chaos.lost-answer',
    why: 'A write whose answer was lost may have been done: the effect is unknown.',
    run: (scene) => cutEach(scene, lostAnswer),
  },
  {
    ...READS,
    id: 'chaos.html',
    why: 'A sign-in page with status 200 is no answer.',
    run: (scene) => readsFail(scene, htmlAfter, ['get', 'find'], 'the app answers with HTML'),
  },
  {
    ...WRITES,
    id: 'chaos.html-after',
    why: 'A page of HTML in place of the answer to a write says nothing of its effect.',
    run: (scene) => cutEach(scene, htmlAfter),
  },
  {
    ...READS,
    id: 'chaos.truncated',
    why: 'Half an answer is no answer.',
    run: (scene) => readsFail(scene, cut, ['list'], 'half of its answer is missing'),
  },
  {
    ...READS,
    id: 'chaos.short-page',
    why: 'A page that lacks rows is not the last one: who comes after it would be missed.',
    async run(scene) {
      const { pages, objects, ended } = await smallPages(scene)
      if (!ended) throw new CheckBlocked('the list does not end')
      const states = pages.some(({ total }) => total !== undefined)
      skipUnless(states, 'the app states no total: nobody can tell a short page from the last one')
      const [lacking] = pages[0]?.items.slice(-1) ?? []
      let isChanged = false
      let isWhole = false
      const ids = await strangeWalk(
        scene,
        pageFault(async (page, number) => {
          if (number > 1) return page
          const short = await withRows(page, (rows) => {
            isWhole = rows.length > (pages[0]?.items.length ?? 0)
            rows.pop()
          })
          isChanged = short !== undefined
          return short ?? page
        }),
        pages.length * 3 + 10,
      )
      skipUnless(!isWhole, 'the app hands out the whole list each time')
      skipUnless(isChanged, 'its pages are no JSON with a list in it')
      if (ids === undefined) return
      const missed = objects.filter(({ id }) => id !== lacking?.id && !ids.includes(id)).length
      demand(
        missed === 0,
        `after a page that lacks a row, ${missed} of ${objects.length} are missed`,
      )
    },
  },
  {
    ...READS,
    id: 'chaos.cursor-loop',
    why: 'An app that hands out the same page again and again must not hold a scan for ever.',
    async run(scene) {
      const { pages, ended } = await smallPages(scene)
      if (!ended) throw new CheckBlocked('the list does not end')
      let second: Response | undefined
      let count = 0
      await strangeWalk(
        scene,
        pageFault(async (page, number) => {
          count = number
          if (number === 2) second = page.clone()
          return number > 2 && second ? second.clone() : page
        }),
        pages.length * 3 + 10,
      )
      skipUnless(count > 1, 'the list comes as one page')
    },
  },
  {
    ...READS,
    id: 'chaos.duplicate',
    why: 'Somebody who comes on two pages, because others joined meanwhile, does not end the walk.',
    async run(scene) {
      const { pages, objects } = await smallPages(scene)
      let last: unknown
      let isChanged = false
      const { port } = broken(
        scene,
        pageFault(async (page, number) => {
          let changed: Response | undefined
          if (number === 1) {
            await withRows(page, (rows) => {
              last = rows.at(-1)
            })
          } else if (number === 2 && last !== undefined) {
            changed = await withRows(page, (rows) => {
              rows[0] = last
            })
            isChanged ||= changed !== undefined
          }
          return changed ?? page
        }),
      )
      const found = await walk({ port, spec: scene.spec }, 2)
      skipUnless(isChanged, 'its pages are no JSON with a list in it, or it is one page')
      const replaced = pages[1]?.items[0]?.id
      const ids = found.objects.map(({ id }) => id)
      const missed = objects.filter(({ id }) => id !== replaced && !ids.includes(id)).length
      demand(
        missed === 0,
        `after somebody who came twice, ${missed} of ${objects.length} are missed`,
      )
    },
  },
  {
    id: 'chaos.search-lag',
    needs: ['create', 'lookup of naming'],
    mutates: true,
    why: 'A new object is found no later than its look-up declares: sooner asked, it is made twice.',
    async run(scene) {
      const { naming, capabilities } = scene.spec
      const lag = capabilities.lookups.find(({ attribute }) => attribute === naming)?.lagMs ?? 0
      skipUnless(lag <= 120_000, 'the declared lag is more than two minutes')
      const object = await read(scene, (await make(scene)).id)
      if (lag > 0) await scene.subject.io.sleep(lag)
      const found = await scene.port.find(naming, String(object.attributes[naming]))
      demand(
        found.some(({ id }) => id === object.id),
        `${lag} ms after its create the look-up of ${naming} does not find it; declare a longer lagMs`,
      )
    },
  },
  {
    ...WRITES,
    id: 'chaos.revoked',
    why: 'A credential that is revoked in the midst of a run ends it as `auth`, not as an end of the list.',
    async run(scene) {
      await smallPages(scene)
      let isRevoked = false
      const { port, calls } = broken(scene, (call) =>
        isRevoked ? refusedCredential(call) : call.pass(),
      )
      const page = await port.list({ pageSize: 2 })
      skipUnless(calls() > 0, NO_HTTP)
      isRevoked = true
      const { next: cursor } = page
      const works: (readonly [string, () => Promise<unknown>])[] = [
        ...(cursor === undefined
          ? []
          : [['list', () => port.list({ pageSize: 2, cursor })] as const]),
        ['create', () => create(twin(scene, faulty(refusedCredential).wrap).scene, minimal(scene))],
      ]
      for (const [name, work] of works) {
        const before = calls()
        const failure = await failureOf(work)
        // A page that was read before needs no call.
        if (name === 'list' && failure === undefined && calls() === before) continue
        demand(
          failure?.code === 'auth' && failure.effect === 'none',
          `${name} after 401: ${failure ? describe(failure) : 'no failure'}; it must be auth`,
        )
      }
    },
  },
  {
    ...WRITES,
    id: 'chaos.messages',
    why: 'What the app says may hold names and secrets: it stays out of our messages.',
    async run(scene) {
      const attributes = minimal(scene)
      const name = String(attributes[scene.spec.naming])
      for (const status of [400, 422, 500]) {
        const { port, calls } = broken(scene, refusal(status, FOREIGN))
        const failure = await failureOf(async () => {
          await port.create?.({ attributes, idempotencyKey: scene.name() })
        })
        skipUnless(calls() > 0, NO_HTTP)
        const said = `${failure?.message} ${String(failure?.cause ?? '')} ${failure?.attributes}`
        demand(!said.includes(FOREIGN), `a failure after ${status} quotes the app's answer`)
        demand(!said.includes(name), `a failure after ${status} names the person`)
      }
    },
  },
]
