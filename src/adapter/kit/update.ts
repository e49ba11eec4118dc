/** What is changed must be so afterwards, and nothing else may be. */
import type { Attributes, NativeObject, Value } from '../contract.ts'
import { type Check, CheckBlocked, CheckFailed, demand, skipUnless } from './check.ts'
import { differences } from './differences.ts'
import { another, changeable, minimal, nameIn, pathOf, same, sample } from './samples.ts'
import { describe, failureOf, type Scene } from './scene.ts'
import { make, makeOf, namesakes, read, removedId, settled } from './scratch.ts'

const UPDATES = { needs: ['create', 'update'], mutates: true } as const
/** Letters, quotes and marks that an encoding may lose on the way. */
const HARD_TEXT = `Zoë O'Nåil & "Ж" <b>, 😀`

const NONE_CHANGEABLE = 'no attribute can be changed, that there are two samples of'

/** Somebody new, and a change of theirs that is still to be made. */
async function oneChange(scene: Scene) {
  const [name] = changeable(scene)
  skipUnless(name !== undefined, NONE_CHANGEABLE)
  const { id } = await make(scene)
  const before = await read(scene, id)
  return { id, name, before, set: { [name]: another(scene, name, before.attributes) } }
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

export const UPDATE_CHECKS: readonly Check[] = [
  {
    ...UPDATES,
    id: 'write.set',
    why: 'Every attribute that is declared writable takes a value where it had none.',
    async run(scene) {
      const names = changeable(scene)
      skipUnless(names.length > 0, NONE_CHANGEABLE)
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
      skipUnless(names.length > 0, NONE_CHANGEABLE)
      const { id } = await make(scene)
      const { attributes } = await read(scene, id)
      await demandEach(names, 'changed', async (name) => {
        const spec = scene.spec.attributes[name]
        if (same(spec, attributes[name], null)) return true
        const value = another(scene, name, attributes)
        const object = await updated(scene, id, { [name]: value })
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
      const { id, name, before, set } = await oneChange(scene)
      const after = await updated(scene, id, set)
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
      const { id, set } = await oneChange(scene)
      const outcome = await scene.port.update?.(id, { set, unset: [] })
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
      const { id, before, set } = await oneChange(scene)
      skipUnless(before.fingerprint !== undefined, 'there is no fingerprint')
      // Times of change have seconds at best.
      await scene.subject.io.sleep(1_100)
      const after = await updated(scene, id, set)
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
