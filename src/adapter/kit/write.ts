/** What is written must be there afterwards, once, and nothing else may have changed. */
import type { Attributes, NativeObject, Value } from '../contract.ts'
import { type Check, CheckBlocked, CheckFailed, demand, skipUnless } from './check.ts'
import { differences } from './read.ts'
import { changeable, creatable, maximal, minimal, pathOf, same, sample } from './samples.ts'
import { describe, failureOf, type Scene } from './scene.ts'
import {
  awaited,
  create,
  make,
  makeOf,
  namesakes,
  read,
  removedId,
  settled,
  walk,
} from './scratch.ts'

const CREATES = { needs: ['create'], mutates: true } as const
const UPDATES = { needs: ['create', 'update'], mutates: true } as const
/** Letters, quotes and marks that an encoding may lose on the way. */
const HARD_TEXT = `Zoë O'Nåil & "Ж" <b>, 😀`

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

function nameIn(scene: Scene, object: NativeObject): string {
  return String(object.attributes[scene.spec.naming])
}

/** One change, and what the app holds afterwards. */
async function updated(
  scene: Scene,
  id: string,
  set: Attributes,
  unset: readonly string[] = [],
): Promise<NativeObject> {
  const outcome = await scene.port.update?.(id, { set, unset })
  demand(outcome?.kind === 'ok' || outcome?.kind === 'unchanged', `update says ${outcome?.kind}`)
  return read(scene, id)
}

/** Each attribute alone; what it is about is told once, for all of them. */
async function demandEach(
  names: readonly string[],
  verb: string,
  work: (name: string) => Promise<boolean>,
): Promise<void> {
  const faults: string[] = []
  for (const name of names) {
    try {
      if (!(await work(name))) faults.push(name)
    } catch (error) {
      if (error instanceof CheckBlocked) throw error
      faults.push(`${name} (${describe(error)})`)
    }
  }
  demand(faults.length === 0, `cannot be ${verb}: ${faults.join(', ')}`)
}

/** What was sent with a create is there after it. */
async function demandKept(scene: Scene, sent: Attributes): Promise<void> {
  const { id } = await made(scene, sent)
  const apart = lost(scene, sent, await read(scene, id))
  demand(apart.length === 0, `not as it was sent: ${apart.join(', ')}`)
}

export const WRITE_CHECKS: readonly Check[] = [
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
  {
    ...UPDATES,
    id: 'write.set',
    why: 'Every attribute that is declared writable takes a value where it had none.',
    async run(scene) {
      const names = changeable(scene)
      skipUnless(names.length > 0, 'no attribute can be changed, that there are two samples of')
      const { id } = await makeOf(scene, minimal(scene))
      const { attributes } = await read(scene, id)
      const empty = names.filter((name) => same(undefined, attributes[name], null))
      await demandEach(empty, 'set', async (name) => {
        const value = sample(scene, name)
        const object = await updated(scene, id, { [name]: value as Value })
        return same(scene.spec.attributes[name], object.attributes[name], value)
      })
    },
  },
  {
    ...UPDATES,
    id: 'write.change',
    why: 'Every attribute that is declared writable takes another value.',
    async run(scene) {
      const names = changeable(scene)
      skipUnless(names.length > 0, 'no attribute can be changed, that there are two samples of')
      const { id } = await make(scene)
      const { attributes } = await read(scene, id)
      await demandEach(names, 'changed', async (name) => {
        const spec = scene.spec.attributes[name]
        const first = sample(scene, name, 0)
        const value = same(spec, attributes[name], first) ? sample(scene, name, 1) : first
        if (same(spec, attributes[name], null)) return true
        const object = await updated(scene, id, { [name]: value as Value })
        return same(spec, object.attributes[name], value)
      })
    },
  },
  {
    ...UPDATES,
    id: 'write.clear',
    why: 'An attribute that is declared clearable holds no value after it was cleared.',
    async run(scene) {
      const { attributes } = scene.spec
      const { id } = await make(scene)
      const held = (await read(scene, id)).attributes
      const names = changeable(scene).filter((name) => {
        return attributes[name]?.clearable !== false && !same(undefined, held[name], null)
      })
      skipUnless(names.length > 0, 'no attribute is declared clearable')
      await demandEach(names, 'cleared', async (name) => {
        const object = await updated(scene, id, {}, [name])
        return same(attributes[name], object.attributes[name], null)
      })
    },
  },
  {
    ...UPDATES,
    id: 'write.keeps',
    why: 'A change to one attribute leaves the others, and the switch, as they were.',
    async run(scene) {
      const [name] = changeable(scene)
      skipUnless(name !== undefined, 'no attribute can be changed, that there are two samples of')
      const { id } = await make(scene)
      const before = await read(scene, id)
      const first = sample(scene, name, 0)
      const spec = scene.spec.attributes[name]
      const value = same(spec, before.attributes[name], first) ? sample(scene, name, 1) : first
      const after = await updated(scene, id, { [name]: value as Value })
      const apart = differences(scene.spec, before, after).filter((one) => {
        return one !== name && one !== 'fingerprint'
      })
      demand(apart.length === 0, `a change to ${name} has changed ${apart.join(', ')}`)
    },
  },
  {
    ...UPDATES,
    id: 'write.same',
    why: 'Sending what is there already is no failure: changes are repeated after a crash.',
    async run(scene) {
      const { id } = await make(scene)
      const { attributes } = await read(scene, id)
      const sent = Object.fromEntries(
        changeable(scene).flatMap((name): [string, Value][] => {
          const value = attributes[name]
          return value === undefined || value === null ? [] : [[name, value]]
        }),
      )
      skipUnless(Object.keys(sent).length > 0, 'no attribute can be changed')
      await updated(scene, id, sent)
    },
  },
  {
    ...UPDATES,
    id: 'write.update-answer',
    why: 'The object that an update answers with saves the core a read: it is what get shows.',
    async run(scene) {
      const [name] = changeable(scene)
      skipUnless(name !== undefined, 'no attribute can be changed, that there are two samples of')
      const { id } = await make(scene)
      const before = await read(scene, id)
      const first = sample(scene, name, 0)
      const spec = scene.spec.attributes[name]
      const value = same(spec, before.attributes[name], first) ? sample(scene, name, 1) : first
      const outcome = await scene.port.update?.(id, { set: { [name]: value as Value }, unset: [] })
      const object = outcome?.kind === 'ok' ? outcome.object : undefined
      skipUnless(object !== undefined, 'the answer to an update shows no object')
      const apart = differences(scene.spec, object, await read(scene, id))
      demand(apart.length === 0, `update and get do not show the same ${apart.join(', ')}`)
    },
  },
  {
    ...UPDATES,
    id: 'write.fingerprint',
    why: 'A fingerprint tells a used-again id from a changed person: it never changes.',
    async run(scene) {
      const [name] = changeable(scene)
      const { id } = await make(scene)
      const before = await read(scene, id)
      skipUnless(before.fingerprint !== undefined, 'there is no fingerprint')
      skipUnless(name !== undefined, 'no attribute can be changed, that there are two samples of')
      const spec = scene.spec.attributes[name]
      const first = sample(scene, name, 0)
      const value = same(spec, before.attributes[name], first) ? sample(scene, name, 1) : first
      // Times of change have seconds at best.
      await scene.subject.io.sleep(1_100)
      const after = await updated(scene, id, { [name]: value as Value })
      demand(after.fingerprint === before.fingerprint, 'a change has changed the fingerprint')
    },
  },
  {
    ...UPDATES,
    id: 'write.text',
    why: 'Letters beyond ASCII, quotes and marks come back as they were sent.',
    async run(scene) {
      const { attributes, mapping } = scene.spec
      const name = changeable(scene).find((one) => {
        const path = pathOf(mapping, one) ?? ''
        return (
          attributes[one]?.type === 'string' &&
          /^(?:title|displayName|nickName|name\.\w+|=)|:(?:department|division|organization)$/.test(
            path,
          )
        )
      })
      skipUnless(name !== undefined, 'no attribute is known to take any text')
      const { id } = await make(scene)
      const exact = {
        ...attributes[name],
        type: 'string',
        write: 'always',
        caseExact: true,
      } as const
      const object = await updated(scene, id, { [name]: HARD_TEXT })
      demand(same(exact, object.attributes[name], HARD_TEXT), `${name} is not as it was sent`)
    },
  },
  {
    id: 'write.rename',
    needs: ['create', 'update', 'writable naming', 'lookup of naming'],
    mutates: true,
    why: 'A new name is taken, keeps the id, and is found; the old one is free.',
    async run(scene) {
      const { naming } = scene.spec
      const object = await settled(scene, await make(scene))
      const old = nameIn(scene, await read(scene, object.id))
      const next = String(sample(scene, naming))
      const after = await updated(scene, object.id, { [naming]: next })
      demand(
        same(scene.spec.attributes[naming], after.attributes[naming], next),
        `${naming} is the old one`,
      )
      await settled(scene, after)
      const found = await namesakes(scene, next)
      demand(
        found.some(({ id }) => id === object.id),
        'the new name finds somebody else, or nobody',
      )
      demand((await namesakes(scene, old)).length === 0, 'the old name still finds somebody')
    },
  },
  {
    id: 'write.update-taken',
    needs: ['create', 'update', 'unique naming', 'writable naming'],
    mutates: true,
    why: 'A name that somebody else has is refused as a conflict, without effect.',
    async run(scene) {
      const { naming } = scene.spec
      const one = await make(scene)
      const other = await make(scene)
      const taken = nameIn(scene, await read(scene, other.id))
      const failure = await failureOf(async () => {
        const outcome = await scene.port.update?.(one.id, { set: { [naming]: taken }, unset: [] })
        throw new CheckFailed(`an update to a taken ${naming} says ${outcome?.kind}`)
      })
      demand(
        failure?.code === 'conflict' && failure.effect === 'none',
        `an update to a taken ${naming}: ${failure && describe(failure)}; it must be conflict`,
      )
    },
  },
  {
    id: 'write.update-gone',
    needs: ['create', 'update', 'remove: hard'],
    mutates: true,
    why: 'An update of who is gone says so: it is how the core learns of it.',
    async run(scene) {
      const id = await removedId(scene)
      const [name = scene.spec.naming] = changeable(scene)
      const value = sample(scene, name) as Value
      const outcome = await scene.port.update?.(id, { set: { [name]: value }, unset: [] })
      demand(outcome?.kind === 'gone', `an update of a removed id says ${outcome?.kind}, not gone`)
    },
  },
]

async function demandNobody(scene: Scene, name: string): Promise<void> {
  const found = await namesakes(scene, name)
  demand(found.length === 0, 'a create that was refused has made somebody')
}
