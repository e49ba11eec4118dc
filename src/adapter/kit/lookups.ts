/** Whoever is looked up must be found, and nobody else: who is missed is made a second time. */
import type { NativeObject, Value } from '../contract.ts'
import { type Check, CheckBlocked, demand, skipUnless } from './check.ts'
import { differences } from './differences.ts'
import { minimal, sample } from './samples.ts'
import type { Scene } from './scene.ts'
import { make, makeOf, read, settled, switchOff, walk } from './scratch.ts'

/** Searched for in every form that a URL, a form body or a query language has taken apart before. */
const SPECIALS = ['+', "'", 'é', '&', '%41', ' ', '"', '*', '\\', '(']

function text(value: Value | undefined): string | undefined {
  const one = Array.isArray(value) ? value[0] : value
  return typeof one === 'string' && one !== '' ? one : undefined
}

function caseChanged(value: string): string {
  const upper = value.toUpperCase()
  return upper === value ? value.toLowerCase() : upper
}

export const LOOKUP_CHECKS: readonly Check[] = [
  {
    id: 'read.find-as-get',
    needs: ['lookup of naming'],
    mutates: true,
    why: 'Who is found is compared with what the client sent: it must be the whole object.',
    async run(scene) {
      const object = await settled(scene, await somebodyNamed(scene))
      const found = await scene.port.find(scene.spec.naming, nameOf(scene, object))
      const one = found.find(({ id }) => id === object.id)
      if (!one) throw new CheckBlocked('it is not found')
      const apart = differences(scene.spec, one, await read(scene, object.id))
      demand(apart.length === 0, `find and get do not show the same ${apart.join(', ')}`)
    },
  },
  {
    id: 'read.lookup-finds',
    needs: ['lookups'],
    mutates: true,
    why: 'Whom a look-up misses is made a second time.',
    async run(scene) {
      const object = await settled(scene, await somebodyNamed(scene))
      const held = scene.spec.capabilities.lookups.flatMap(({ attribute }) => {
        const value = text(object.attributes[attribute])
        return value === undefined ? [] : [{ attribute, value }]
      })
      skipUnless(held.length > 0, 'nobody has a value that there is a look-up of')
      for (const { attribute, value } of held) {
        const found = await scene.port.find(attribute, value)
        demand(
          found.some(({ id }) => id === object.id),
          `the look-up of ${attribute} does not find whom get shows with it`,
        )
      }
    },
  },
  {
    id: 'read.lookup-case',
    needs: ['lookups'],
    mutates: true,
    why: 'Clients change the letter case of what they send; a look-up must do with it what it declares.',
    async run(scene) {
      const object = await settled(scene, await somebodyNamed(scene))
      let tried = 0
      for (const { attribute, caseExact, exact } of scene.spec.capabilities.lookups) {
        const value = text(object.attributes[attribute])
        if (value === undefined || caseChanged(value) === value) continue
        const plain = await scene.port.find(attribute, value)
        // That it finds nobody at all is another check's.
        if (!plain.some(({ id }) => id === object.id)) continue
        tried++
        const found = await scene.port.find(attribute, caseChanged(value))
        const isFound = found.some(({ id }) => id === object.id)
        demand(
          caseExact || isFound,
          `the look-up of ${attribute} minds letter case; declare "caseExact": true`,
        )
        demand(
          !(caseExact && exact && isFound),
          `the look-up of ${attribute} does not mind letter case; declare "caseExact": false`,
        )
      }
      skipUnless(tried > 0, 'nobody has a value with letters that there is a look-up of')
    },
  },
  {
    id: 'read.lookup-nobody',
    needs: ['lookups'],
    mutates: false,
    why: 'A filter that an app ignores answers with everybody.',
    async run(scene) {
      const exact = scene.spec.capabilities.lookups.filter((lookup) => lookup.exact)
      skipUnless(exact.length > 0, 'no look-up is declared exact: the core filters again')
      for (const { attribute } of exact) {
        const found = await scene.port.find(attribute, `${scene.name()}@kit.example`)
        demand(
          found.length === 0,
          `the look-up of ${attribute} finds ${found.length} of a value that nobody has`,
        )
      }
    },
  },
  {
    id: 'read.lookup-special',
    needs: ['lookup of naming', 'create'],
    mutates: true,
    why: "Names hold + and ' and é: taken apart on the way, they find nobody, or somebody else.",
    async run(scene) {
      const { naming } = scene.spec
      const plain = sample(scene, naming)
      for (const special of SPECIALS) {
        const [head = '', tail] = String(plain).split('@')
        const name = `${head}${special}x${tail === undefined ? '' : `@${tail}`}`
        const made = await makeOf(scene, minimal(scene, name)).catch((error: unknown) => {
          if (error instanceof CheckBlocked) return undefined
          throw error
        })
        const found = await scene.port.find(naming, name)
        if (!made) continue
        const object = await settled(scene, made)
        const again = found.length > 0 ? found : await scene.port.find(naming, name)
        demand(
          again.some(({ id }) => id === object.id),
          `the look-up of ${naming} does not find a name with ${JSON.stringify(special)} in it`,
        )
      }
    },
  },
  {
    id: 'read.lookup-off',
    needs: ['lookup of naming', 'switch', 'create'],
    mutates: true,
    why: 'Who is off and not found is made a second time when they return.',
    async run(scene) {
      const lookups = scene.spec.capabilities.lookups.filter((lookup) => lookup.includesInactive)
      skipUnless(lookups.length > 0, 'every look-up is declared to hide who is off')
      const made = await settled(scene, await make(scene))
      const object = await read(scene, made.id)
      const shown = await Promise.all(
        lookups.map(async ({ attribute }) => {
          const value = text(object.attributes[attribute])
          if (value === undefined) return false
          return (await scene.port.find(attribute, value)).some(({ id }) => id === object.id)
        }),
      )
      await switchOff(scene, object.id)
      for (const [at, { attribute }] of lookups.entries()) {
        const value = text(object.attributes[attribute])
        if (value === undefined || !shown[at]) continue
        const found = await scene.port.find(attribute, value)
        demand(
          found.some(({ id }) => id === object.id),
          `the look-up of ${attribute} hides who is off; declare "includesInactive": false`,
        )
      }
    },
  },
  {
    id: 'read.list-off',
    needs: ['switch', 'create'],
    mutates: true,
    why: 'The list is what is asked where a look-up hides who is off: it must hold everybody.',
    async run(scene) {
      const { id } = await make(scene)
      await switchOff(scene, id)
      const { objects } = await walk(scene)
      demand(
        objects.some((object) => object.id === id),
        'who is switched off is not in the list',
      )
    },
  },
]

/** One with a name to be looked up by: made for it, or there before. */
async function somebodyNamed(scene: Scene): Promise<NativeObject> {
  const { capabilities } = scene.spec
  if (capabilities.create !== 'none' && !scene.subject.readOnly) {
    return read(scene, (await make(scene)).id)
  }
  const named = (scene.survey[scene.type] ?? []).find((object) => {
    return text(object.attributes[scene.spec.naming]) !== undefined
  })
  skipUnless(named !== undefined, 'there is nobody to look up')
  return named
}

function nameOf(scene: Scene, object: NativeObject): string {
  const name = text(object.attributes[scene.spec.naming])
  if (name === undefined) throw new CheckBlocked('it has no name')
  return name
}
