/** An app on a bad day: whatever goes wrong, the adapter says so, and says what may have happened. */
import { broken, NO_HTTP, readsFail, strangeWalk, twin } from './broken.ts'
import { type Check, CheckBlocked, demand, skipUnless } from './check.ts'
import {
  cut,
  errorAfter,
  errorBefore,
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
import { cutEach } from './interrupted.ts'
import { minimal } from './samples.ts'
import { describe, failureOf } from './scene.ts'
import { create, make, read, smallPages, walk } from './scratch.ts'

const FOREIGN = 'words-of-the-app'

const READS = { needs: [], mutates: false } as const
const WRITES = { needs: ['create'], mutates: true } as const

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
