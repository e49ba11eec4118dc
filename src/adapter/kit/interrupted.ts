/** Writes that are cut off at each of their calls: what the adapter says must fit what has happened. */
import { broken, NO_HTTP } from './broken.ts'
import { CheckBlocked, CheckFailed, demand, skipUnless } from './check.ts'
import { at, type Fault } from './faults.ts'
import { aPerson, groupOfPeople, join, memberIds } from './groups.ts'
import { another, changeable, minimal, same } from './samples.ts'
import { describe, failureOf, type Scene } from './scene.ts'
import { forget, isThere, make, namesakes, read } from './scratch.ts'

/** Calls of one operation that are cut at most. */
const MOST_CALLS = 8

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
  const value = another(scene, name, attributes)
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
export async function cutEach(scene: Scene, fault: Fault): Promise<void> {
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
