/** Reads on a connection on which something goes wrong. */
import { CheckBlocked, demand, skipUnless } from './check.ts'
import { type Fault, faulty } from './faults.ts'
import { describe, failureOf, type Scene } from './scene.ts'
import { make } from './scratch.ts'

export const NO_HTTP = 'the adapter makes no HTTP call'

/** A connection on which something goes wrong. */
export function broken(scene: Scene, fault: Fault) {
  const { wrap, calls } = faulty(fault)
  return { ...twin(scene, wrap), calls }
}

export function twin(scene: Scene, wrap: ReturnType<typeof faulty>['wrap']) {
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

/** Reads that must fail rather than look empty. */
export async function readsFail(
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
export async function strangeWalk(
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
