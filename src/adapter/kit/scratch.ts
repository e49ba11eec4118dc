/** Objects that a check makes for itself, and takes away again. */
import type { Attributes, CreateOutcome, NativeObject, Page } from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import { CheckBlocked, CheckFailed, CheckSkipped } from './check.ts'
import { maximal, minimal, same } from './samples.ts'
import { describe, openStage, type Scene } from './scene.ts'

/** Objects that a walk reads at most: an app of more is too large to be walked for a check. */
const MAX_WALK = 20_000
const MAX_POLLS = 30
const POLL_MS = 500
/** Objects of a small page. */
const SMALL = 2
/** How long a search may lag behind what it declares before a check goes on without it. */
const SETTLE_MS = 3_000

interface Making {
  readonly active?: boolean
  readonly idempotencyKey?: string
}

/** One create, as the core sends it. What comes of it is taken away when the check is over. */
export async function create(
  scene: Scene,
  attributes: Attributes,
  { active = true, idempotencyKey = scene.name() }: Making = {},
): Promise<CreateOutcome> {
  const { port, spec } = scene
  const native = spec.capabilities.active === 'native'
  if (!port.create) throw new CheckBlocked('there is no method create')
  const outcome = await port.create({ attributes, idempotencyKey, ...(native && { active }) })
  if (outcome.kind === 'created') forget(scene, outcome.object.id)
  else if (outcome.kind === 'invited' || outcome.kind === 'accepted') {
    const { ticket, object } = outcome
    scene.later(async () => port.cancel?.(ticket))
    if (object) forget(scene, object.id)
  }
  return outcome
}

/** Removes it when the check is over; one that is gone by then is no trouble. */
export function forget({ port, later }: Scene, id: string): void {
  later(async () => port.remove?.(id))
}

/** An object of the check's own, of all attributes that there is a sample of. */
export async function make(scene: Scene, making: Making = {}): Promise<NativeObject> {
  const all = maximal(scene)
  try {
    return await makeOf(scene, all, making)
  } catch (error) {
    // Another check says that the app does not take them all.
    if (!(error instanceof CheckBlocked)) throw error
    return await makeOf(scene, minimal(scene), making)
  }
}

/** @throws {CheckBlocked} where it cannot be made; another check is about that */
export async function makeOf(
  scene: Scene,
  attributes: Attributes,
  making: Making = {},
): Promise<NativeObject> {
  const { spec, subject, type } = scene
  if (spec.capabilities.create === 'none') throw new CheckSkipped(`the app makes no ${type}`)
  if (subject.readOnly) throw new CheckSkipped(`it needs a ${type} of its own; this run only reads`)
  let outcome: CreateOutcome
  try {
    outcome = await create(scene, attributes, making)
  } catch (error) {
    throw new CheckBlocked(`no ${type} could be made: ${describe(error)}`)
  }
  switch (outcome.kind) {
    case 'created':
      return outcome.object
    case 'exists':
      throw new CheckBlocked(`no ${type} could be made: it is said to exist`)
    case 'invited': {
      const { accept } = subject.hands
      if (!accept) throw new CheckSkipped('nobody here can accept an invitation')
      await accept(outcome.ticket)
      return await awaited(scene, outcome.ticket)
    }
    case 'accepted':
      return await awaited(scene, outcome.ticket, outcome.pollAfterMs)
  }
}

/** What an invitation or a job comes to. */
export async function awaited(
  scene: Scene,
  ticket: string,
  pollMs = POLL_MS,
): Promise<NativeObject> {
  const { port, subject } = scene
  for (let polls = 0; polls < MAX_POLLS; polls++) {
    const outcome = await port.poll?.({ ticket })
    if (outcome?.kind === 'done') {
      forget(scene, outcome.object.id)
      return outcome.object
    }
    if (outcome?.kind !== 'running') {
      throw new CheckBlocked(`poll says ${outcome?.kind ?? 'nothing'}, and there is no account`)
    }
    await subject.io.sleep(pollMs)
  }
  throw new CheckBlocked(`poll says running ${MAX_POLLS} times`)
}

/** The same scene for another resource type, with the same connection. */
export function sceneOf(scene: Scene, type: string): Scene {
  const stage = openStage(scene.subject, `${scene.type} ${scene.name()}`, type, scene.survey)
  const port = scene.ports[type]
  if (!port) throw new CheckBlocked(`connect returns no port of ${type}`)
  return {
    subject: stage.subject,
    adapter: stage.adapter,
    type,
    spec: stage.spec,
    survey: scene.survey,
    ports: scene.ports,
    port,
    open: scene.open,
    name: stage.name,
    later: scene.later,
  }
}

/** The app's own word. @throws {CheckBlocked} where the object cannot be read back */
export async function read({ port }: Scene, id: string): Promise<NativeObject> {
  let object: NativeObject | null
  try {
    object = await port.get(id)
  } catch (error) {
    throw new CheckBlocked(`it cannot be read back: ${describe(error)}`)
  }
  if (!object) throw new CheckBlocked('get says null of what is there')
  return object
}

/** Whether there is such an object; a `get` that fails of one that is gone is another check's. */
export async function isThere(scene: Scene, id: string): Promise<boolean> {
  try {
    return (await scene.port.get(id)) !== null
  } catch (error) {
    if (!(error instanceof AdapterFailure)) throw error
    return (await walk(scene)).objects.some((object) => object.id === id)
  }
}

/** Those of exactly this name: what a look-up finds besides is another check's. */
export async function namesakes(scene: Scene, name: string): Promise<readonly NativeObject[]> {
  const { naming, attributes, capabilities } = scene.spec
  const isLooked = capabilities.lookups.some(({ attribute }) => attribute === naming)
  const found = isLooked ? await scene.port.find(naming, name) : (await walk(scene)).objects
  return found.filter((object) => same(attributes[naming], object.attributes[naming], name))
}

/** Waits until a search shows a new object, a little longer than it declares. */
export async function settled(scene: Scene, object: NativeObject): Promise<NativeObject> {
  const { naming, capabilities } = scene.spec
  const lookup = capabilities.lookups.find(({ attribute }) => attribute === naming)
  const name = object.attributes[naming]
  if (!lookup || typeof name !== 'string') return object
  for (let waited = 0; waited <= lookup.lagMs + SETTLE_MS; waited += POLL_MS) {
    const found = await scene.port.find(naming, name)
    if (found.some(({ id }) => id === object.id)) return object
    await scene.subject.io.sleep(POLL_MS)
  }
  return object
}

/** @throws {CheckBlocked} where it is not off afterwards */
export async function switchOff(scene: Scene, id: string): Promise<void> {
  await scene.port.setActive?.(id, false)
  if ((await read(scene, id)).active !== false) throw new CheckBlocked('it cannot be switched off')
}

/** An id that named an object until now. @throws {CheckBlocked} where it still does */
export async function removedId(scene: Scene): Promise<string> {
  const { id } = await make(scene)
  await scene.port.remove?.(id)
  if (await isThere(scene, id)) throw new CheckBlocked('it is there after its removal')
  return id
}

/** An id of the app's form that names nothing, made of one that names something. */
export function impossibleId(like: string | undefined): string {
  if (like === undefined || /^\d+$/.test(like)) return '2147483000'
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-/i.test(like)) return '00000000-0000-4000-8000-00000000dead'
  return /^[0-9a-f]{24}$/i.test(like) ? `${'0'.repeat(20)}dead` : `${like.slice(0, 40)}-pk-nobody`
}

export interface Walk {
  readonly pages: readonly Page<NativeObject>[]
  readonly objects: readonly NativeObject[]
  /** False: a cursor came twice, and the walk would go on for ever. */
  readonly ended: boolean
}

/** @param between is run after the first page */
export async function walk(
  { port, spec }: Pick<Scene, 'port' | 'spec'>,
  pageSize: number = spec.capabilities.list.maxPage,
  between: () => Promise<unknown> = async () => undefined,
): Promise<Walk> {
  const pages: Page<NativeObject>[] = []
  const cursors = new Set<string>()
  let cursor: string | undefined
  let count = 0
  for (;;) {
    const page = await port.list({ pageSize, ...(cursor !== undefined && { cursor }) })
    pages.push(page)
    count += page.items.length
    const { next } = page
    const ended = next === undefined
    if (ended || cursors.has(next)) {
      return { pages, objects: pages.flatMap(({ items }) => items), ended }
    }
    if (count > MAX_WALK || pages.length > MAX_WALK) {
      throw new CheckFailed(`the list does not end after ${count} objects on ${pages.length} pages`)
    }
    cursors.add(next)
    cursor = next
    if (pages.length === 1) await between()
  }
}

/** Pages small enough for two of them, at least. @throws {CheckSkipped} where there are not */
export async function smallPages(scene: Scene): Promise<Walk> {
  for (;;) {
    const found = await walk(scene, SMALL)
    if (found.pages.length > 1) return found
    const lacking = SMALL + 1 - found.objects.length
    if (lacking <= 0) throw new CheckSkipped('the list comes as one page')
    for (let made = 0; made < lacking; made++) await make(scene)
  }
}
