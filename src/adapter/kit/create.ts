/** What is made must be there afterwards, once, as it was sent. */
import type { Attributes, NativeObject } from '../contract.ts'
import { type Check, CheckBlocked, CheckFailed, demand, skipUnless } from './check.ts'
import { differences } from './differences.ts'
import { creatable, maximal, minimal, nameIn, same } from './samples.ts'
import { describe, failureOf, type Scene } from './scene.ts'
import { awaited, create, make, makeOf, namesakes, read, settled, walk } from './scratch.ts'

const CREATES = { needs: ['create'], mutates: true } as const

/** The account that a create makes at once, or after a while. */
async function made(scene: Scene, attributes: Attributes): Promise<NativeObject> {
  const outcome = await create(scene, attributes)
  switch (outcome.kind) {
    case 'created':
      return outcome.object
    case 'exists':
      throw new CheckFailed('the app has nobody of this name, and create says exists')
    case 'accepted':
      return awaited(scene, outcome.ticket, outcome.pollAfterMs)
    case 'invited': {
      const { accept } = scene.subject.hands
      skipUnless(accept !== undefined, 'nobody here can accept an invitation')
      await accept(outcome.ticket)
      return awaited(scene, outcome.ticket)
    }
  }
}

/** Names of what is not as it was sent. */
function lost(scene: Scene, sent: Attributes, object: NativeObject): readonly string[] {
  const { attributes } = scene.spec
  return Object.keys(sent).filter((name) => {
    return !same(attributes[name], sent[name], object.attributes[name])
  })
}

/** Not two of one name, whatever the answers said. */
async function demandOne(scene: Scene, name: string): Promise<void> {
  const count = (await namesakes(scene, name)).length
  demand(count <= 1, `the app now has ${count} of one name`)
}

/** A second create must be `exists`, or a failure `conflict`; and leave one. */
async function demandRefused(scene: Scene, first: NativeObject, name: string): Promise<void> {
  const failure = await failureOf(async () => {
    const outcome = await create(scene, minimal(scene, name))
    demand(outcome.kind === 'exists', `a second create of the name is ${outcome.kind}, not exists`)
    demand(
      outcome.id === undefined || outcome.id === first.id,
      'exists names an object that is not in the way',
    )
  })
  demand(
    failure === undefined || (failure.code === 'conflict' && failure.effect === 'none'),
    `a second create of the name: ${failure && describe(failure)}; it must be exists`,
  )
  await demandOne(scene, name)
}

/** What was sent with a create is there after it. */
async function demandKept(scene: Scene, sent: Attributes): Promise<void> {
  const { id } = await made(scene, sent)
  const apart = lost(scene, sent, await read(scene, id))
  demand(apart.length === 0, `not as it was sent: ${apart.join(', ')}`)
}

export const CREATE_CHECKS: readonly Check[] = [
  {
    ...CREATES,
    id: 'write.create-minimal',
    why: 'What is declared to be all that the app requires must be enough.',
    run: (scene) => demandKept(scene, minimal(scene)),
  },
  {
    ...CREATES,
    id: 'write.create-maximal',
    why: 'Every attribute that is declared writable is there after the create.',
    run: (scene) => demandKept(scene, maximal(scene)),
  },
  {
    ...CREATES,
    id: 'write.create-answer',
    why: 'The object that a create answers with is what the core goes on with: it is what get shows.',
    async run(scene) {
      const object = await make(scene)
      const apart = differences(scene.spec, object, await read(scene, object.id))
      demand(apart.length === 0, `create and get do not show the same ${apart.join(', ')}`)
    },
  },
  {
    ...CREATES,
    id: 'write.listed',
    why: 'A new object that the list does not show is taken for missing at the next scan.',
    async run(scene) {
      const object = await settled(scene, await make(scene))
      const { objects } = await walk(scene)
      demand(
        objects.some(({ id }) => id === object.id),
        'the list does not show what was made',
      )
    },
  },
  {
    ...CREATES,
    id: 'write.required',
    why: 'What is required and left out is refused, as invalid and without effect: never made up.',
    async run(scene) {
      const { attributes, naming } = scene.spec
      const required = creatable(scene).filter((name) => attributes[name]?.required)
      skipUnless(required.length > 0, 'no attribute is declared required')
      for (const name of required) {
        const whole = minimal(scene)
        const { [name]: _, ...rest } = whole
        const failure = await failureOf(async () => {
          const { kind } = await create(scene, rest)
          throw new CheckFailed(`a create without ${name} is ${kind}`)
        })
        demand(
          failure?.effect === 'none',
          `a create without ${name}: ${failure && describe(failure)}; the effect must be none`,
        )
        if (name !== naming) await demandNobody(scene, String(whole[naming]))
      }
    },
  },
  {
    id: 'write.duplicate',
    needs: ['create', 'unique naming'],
    mutates: true,
    why: 'Who is there already is never made a second time.',
    async run(scene) {
      const object = await settled(scene, await make(scene))
      await demandRefused(scene, object, nameIn(scene, object))
    },
  },
  {
    id: 'write.duplicate-case',
    needs: ['create', 'unique naming'],
    mutates: true,
    why: 'Names that differ in letter case alone are one, unless caseExact is declared.',
    async run(scene) {
      const { attributes, naming } = scene.spec
      skipUnless(attributes[naming]?.caseExact !== true, `${naming} is declared caseExact`)
      const object = await settled(scene, await make(scene))
      await demandRefused(scene, object, nameIn(scene, object).toUpperCase())
    },
  },
  {
    id: 'write.duplicate-at-once',
    needs: ['create', 'unique naming'],
    mutates: true,
    why: 'Two creates at the same moment make one object.',
    async run(scene) {
      const attributes = minimal(scene)
      const outcomes = await Promise.allSettled([
        create(scene, attributes),
        create(scene, attributes),
      ])
      const ids = outcomes.flatMap((outcome) =>
        outcome.status === 'fulfilled' && outcome.value.kind === 'created'
          ? [outcome.value.object.id]
          : [],
      )
      demand(ids.length <= 1, `both creates say created: ${new Set(ids).size} ids`)
      await demandOne(scene, String(attributes[scene.spec.naming]))
    },
  },
  {
    id: 'write.idempotency-key',
    needs: ['create', 'idempotencyKey'],
    mutates: true,
    why: "A create that carries a key seen before answers with the first one's object.",
    async run(scene) {
      const [attributes, idempotencyKey] = [minimal(scene), scene.name()]
      const first = await create(scene, attributes, { idempotencyKey })
      const second = await create(scene, attributes, { idempotencyKey })
      if (first.kind !== 'created') throw new CheckBlocked(`the first create is ${first.kind}`)
      demand(
        second.kind === 'created' && second.object.id === first.object.id,
        `the same create with the same key is ${second.kind}, and not the first one's object`,
      )
    },
  },
  {
    id: 'write.anchor',
    needs: ['create', 'anchor'],
    mutates: true,
    why: 'An id of ours that the app keeps finds an account whose create was never answered.',
    async run(scene) {
      const { anchor = '' } = scene.spec.capabilities
      const value = scene.name()
      const object = await settled(
        scene,
        await makeOf(scene, { ...minimal(scene), [anchor]: value }),
      )
      const found = await scene.port.find(anchor, value)
      demand(
        found.length === 1 && found[0]?.id === object.id,
        `the look-up of ${anchor} finds ${found.length}, not the one that was made with it`,
      )
    },
  },
]

async function demandNobody(scene: Scene, name: string): Promise<void> {
  const found = await namesakes(scene, name)
  demand(found.length === 0, 'a create that was refused has made somebody')
}
