/** Writing accounts and groups through a manifest. */
import type {
  Attributes,
  CreateOutcome,
  NativeObject,
  PendingPort,
  RemoveOutcome,
  WriteOutcome,
  WritePort,
} from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import type { HttpResponse } from '../http.ts'
import { areParts, idOf, toApp, writable, writeOne } from './convert.ts'
import { type Answer, type App, exchange } from './exchange.ts'
import { randomPassword } from './password.ts'
import { getAt, partAt } from './pointer.ts'
import { bears, getRow, readPort, sameName, typed, understood } from './read.ts'
import type { RequestSpec } from './request-schema.ts'
import type { ResourceManifest, Returns } from './schema.ts'
import { placeholdersIn, type Values } from './template.ts'

type Writes = Partial<WritePort> & Partial<PendingPort>

/** A method for each request that the manifest has. */
export function writePort(app: App, resource: ResourceManifest): Writes {
  const { create, update, remove, active, poll, cancel } = resource
  return {
    ...(create && { create: (request) => createObject(app, resource, create, request) }),
    ...(update && { update: (id, delta) => updateObject(app, resource, update, id, delta) }),
    ...(active && {
      setActive: (id, on) => turn(app, resource, on ? active.enable : active.disable, id),
    }),
    ...(remove && { remove: (id) => removeObject(app, resource, remove, id) }),
    ...(poll && { poll: (request) => ask(app, resource, poll, request) }),
    ...(cancel && { cancel: (ticket) => write(app, resource, cancel, { ticket }, 'nothing') }),
  }
}

const PASSWORD = { length: 24, symbols: '!#%*+-=?@_' }

type Create = NonNullable<ResourceManifest['create']>

async function createObject(
  app: App,
  resource: ResourceManifest,
  create: Create,
  { attributes, active, idempotencyKey }: Parameters<WritePort['create']>[0],
): Promise<CreateOutcome> {
  const values = {
    attributes: toApp(resource, attributes, [], { config: app.settings }),
    active: active === undefined ? undefined : wordFor(resource, active),
    key: idempotencyKey,
    ...(placeholdersIn(create).includes('password') && {
      password: randomPassword(create.password ?? PASSWORD, app.random),
    }),
  }
  const id = create.id === undefined ? undefined : idFrom(resource, create.id, attributes)
  // Such an app takes a second create for an update: it would wipe what is there.
  const holder = id === undefined ? undefined : await getNamed(app, resource, id)
  if (holder) return { kind: 'exists', id: holder.object.id }
  const before =
    id === undefined ? await foundBefore(app, resource, create.returns, attributes) : []
  const [one, another] = before
  if (one) return { kind: 'exists', ...(another === undefined && { id: one.id }) }
  const answer = await exchange(app, resource, create, values)
  const { verdict, response } = answer
  if (typeof verdict === 'object') return expected(resource, verdict, response)
  const object =
    id === undefined
      ? await made(app, resource, create.returns, response, attributes)
      : await afterwards(async () => (await getNamed(app, resource, id))?.object)
  if (active !== false || object.active === false || placeholdersIn(create).includes('active')) {
    return { kind: 'created', object }
  }
  return { kind: 'created', object: await switchedOff(app, resource, object) }
}

/** The app may hold a name in a form of its own, and the id with it. */
function getNamed(app: App, resource: ResourceManifest, name: string) {
  return getRow(app, resource, name, (found) => sameName(found, name))
}

/** The id that the new object is to have: one of its attributes. */
function idFrom(resource: ResourceManifest, name: string, attributes: Attributes): string {
  const spec = resource.attributes[name]
  const value = attributes[name]
  const id = spec && value !== undefined ? idOf(writeOne(spec, value)) : undefined
  if (id !== undefined) return id
  throw new AdapterFailure('invalid', 'the attribute that becomes the id has no value', {
    effect: 'none',
    attributes: [name],
  })
}

function wordFor({ active }: ResourceManifest, on: boolean): unknown {
  if (!active) return undefined
  return on ? active.on : [active.off].flat()[0]
}

function expected(
  resource: ResourceManifest,
  verdict: Extract<Answer['verdict'], object>,
  response: HttpResponse,
): CreateOutcome {
  const { json } = response
  if ('exists' in verdict) {
    const id = verdict.exists.id === undefined ? undefined : idOf(getAt(json, verdict.exists.id))
    return { kind: 'exists', ...(id !== undefined && { id }) }
  }
  const what = 'invited' in verdict ? verdict.invited : verdict.accepted
  const ticket = idOf(getAt(json, what.ticket))
  if (ticket === undefined) throw response.misunderstood()
  const shown =
    what.item === undefined
      ? {}
      : { object: understood(resource, partAt(json, what.item), response) }
  if (!('invited' in verdict)) return { kind: 'accepted', ticket, ...shown }
  const { expiresAt: at } = verdict.invited
  const expiresAt = at === undefined ? undefined : idOf(getAt(json, at))
  return { kind: 'invited', ticket, ...shown, ...(expiresAt !== undefined && { expiresAt }) }
}

/** The object that a create has made, as the answer shows it or as it is read again. */
async function made(
  app: App,
  resource: ResourceManifest,
  returns: Returns,
  response: HttpResponse,
  sent: Attributes,
): Promise<NativeObject> {
  if (typeof returns === 'object' && 'lookup' in returns) {
    const { lookup, at } = returns
    const said = at === undefined ? sent[lookup] : idOf(getAt(response.json, at))
    if (said === undefined || said === null) throw response.misunderstood()
    return afterwards(async () => {
      const [found, another] = await bearing(app, resource, lookup, String(said))
      return another === undefined ? found : undefined
    })
  }
  if (returns === 'object' || (typeof returns === 'object' && 'item' in returns)) {
    const at = typeof returns === 'object' ? returns.item : resource.get.item
    return understood(resource, partAt(response.json, at), response)
  }
  const id =
    returns === 'location'
      ? locationOf(response)
      : typeof returns === 'object'
        ? idOf(getAt(response.json, returns.id))
        : undefined
  if (id === undefined) throw response.misunderstood()
  return reread(app, resource, id)
}

/**
 * Those who are found already by what the new object is to be found by: an app that says "done" of what
 * it has not done, or finds new ones late, would have one of them taken for it.
 */
async function foundBefore(
  app: App,
  resource: ResourceManifest,
  returns: Returns,
  sent: Attributes,
): Promise<readonly NativeObject[]> {
  if (typeof returns !== 'object' || !('lookup' in returns) || returns.at !== undefined) return []
  const name = sent[returns.lookup]
  return name === undefined || name === null
    ? []
    : bearing(app, resource, returns.lookup, String(name))
}

async function bearing(
  app: App,
  resource: ResourceManifest,
  attribute: string,
  name: string,
): Promise<readonly NativeObject[]> {
  const found = await readPort(app, resource).find(attribute, name)
  return found.filter(({ attributes }) => bears(attributes[attribute], name))
}

function locationOf({ headers }: HttpResponse): string | undefined {
  const last = headers.get('location')?.split(/[?#]/, 1)[0]?.split('/').at(-1)
  try {
    // Apps with a path that ends in a format (`/users/5.json`) say so in the Location too.
    return last === undefined
      ? undefined
      : idOf(decodeURIComponent(last).replace(/\.(?:json|xml)$/, ''))
  } catch {
    return undefined
  }
}

function reread(app: App, resource: ResourceManifest, id: string): Promise<NativeObject> {
  return afterwards(async () => (await getRow(app, resource, id))?.object)
}

/** The write has had its effect: a read that fails now must not look as if there were none. */
async function afterwards(read: () => Promise<NativeObject | undefined>): Promise<NativeObject> {
  try {
    const found = await read()
    if (found) return found
  } catch (error) {
    if (!(error instanceof AdapterFailure)) throw error
    throw new AdapterFailure(error.code, error.message, {
      effect: 'unknown',
      answered: error.answered,
      retryAfterSeconds: error.retryAfterSeconds,
    })
  }
  throw new AdapterFailure('protocol', 'the app does not show what it has just made', {
    effect: 'unknown',
    answered: true,
  })
}

/** Where a create cannot say that somebody is to be off. */
async function switchedOff(
  app: App,
  resource: ResourceManifest,
  object: NativeObject,
): Promise<NativeObject> {
  const { active } = resource
  if (!active) return object
  try {
    const outcome = await turn(app, resource, active.disable, object.id)
    if (outcome.kind === 'ok' && outcome.object) return outcome.object
  } catch (error) {
    if (!(error instanceof AdapterFailure)) throw error
    throw new AdapterFailure(error.code, error.message, {
      effect: 'unknown',
      answered: error.answered,
    })
  }
  return reread(app, resource, object.id)
}

async function updateObject(
  app: App,
  resource: ResourceManifest,
  update: NonNullable<ResourceManifest['update']>,
  id: string,
  { set, unset }: Parameters<WritePort['update']>[1],
): Promise<WriteOutcome> {
  const values = { id: typed(resource, id) }
  const config = app.settings
  const names = [...Object.keys(set), ...unset]
  if (update.send === 'changed' && !placesCurrent(update) && !areParts(resource, names)) {
    const attributes = toApp(resource, set, unset, { config })
    return write(app, resource, update, { ...values, attributes }, update.returns)
  }
  const found = await getRow(app, resource, id)
  if (!found) return { kind: 'gone' }
  const current = found.row
  const now = update.send === 'full' ? writable(resource, found.object) : {}
  const kept = Object.fromEntries(Object.entries(now).filter(([name]) => !unset.includes(name)))
  const attributes = toApp(resource, { ...kept, ...set }, unset, { config, current })
  const all = { ...values, attributes, current }
  return write(app, resource, update, all, update.returns)
}

/** True where the object is read before the request is made. */
export function placesCurrent(request: RequestSpec): boolean {
  return placeholdersIn(request).some((name) => /^current(?:\/|$)/.test(name))
}

type Turn = NonNullable<ResourceManifest['active']>['enable']

async function turn(
  app: App,
  resource: ResourceManifest,
  request: Turn,
  id: string,
): Promise<WriteOutcome> {
  const values = { id: typed(resource, id) }
  if (!placesCurrent(request)) return write(app, resource, request, values, request.returns)
  const found = await getRow(app, resource, id)
  if (!found) return { kind: 'gone' }
  const all = { ...values, current: found.row }
  return write(app, resource, request, all, request.returns)
}

async function removeObject(
  app: App,
  resource: ResourceManifest,
  request: RequestSpec,
  id: string,
): Promise<RemoveOutcome> {
  const { verdict, response } = await exchange(app, resource, request, { id: typed(resource, id) })
  return verdict === 'occupied'
    ? { kind: 'occupied' }
    : outcomeOf(resource, verdict, response, 'nothing')
}

/** A write that may find nothing to do, or nobody. */
export async function write(
  app: App,
  resource: ResourceManifest,
  request: RequestSpec,
  values: Values,
  returns: Returns,
): Promise<WriteOutcome> {
  const { verdict, response } = await exchange(app, resource, request, values)
  return outcomeOf(resource, verdict, response, returns)
}

function outcomeOf(
  resource: ResourceManifest,
  verdict: Answer['verdict'],
  response: HttpResponse,
  returns: Returns,
): WriteOutcome {
  switch (verdict) {
    case 'ok':
      break
    case 'unchanged':
      return { kind: 'unchanged' }
    case 'absent':
      return { kind: 'gone' }
    case 'memberAbsent':
      return { kind: 'gone', what: 'member' }
    default:
      // A rule of the whole manifest that this request has no use for.
      throw response.misunderstood()
  }
  if (returns === 'nothing' || returns === 'location') return { kind: 'ok' }
  if (typeof returns === 'object' && !('item' in returns)) return { kind: 'ok' }
  const at = returns === 'object' ? resource.get.item : returns.item
  return { kind: 'ok', object: understood(resource, partAt(response.json, at), response) }
}

type Poll = NonNullable<ResourceManifest['poll']>

async function ask(
  app: App,
  resource: ResourceManifest,
  poll: Poll,
  { ticket, idempotencyKey }: Parameters<PendingPort['poll']>[0],
): ReturnType<PendingPort['poll']> {
  const { verdict, response } = await exchange(app, resource, poll, { ticket, key: idempotencyKey })
  switch (verdict) {
    case 'running':
    case 'expired':
    case 'failed':
      return { kind: verdict }
    case 'absent':
      return { kind: 'failed' }
    case 'done': {
      const id = poll.id === undefined ? undefined : idOf(getAt(response.json, poll.id))
      if (id === undefined) throw response.misunderstood()
      const found = await getRow(app, resource, id)
      return found ? { kind: 'done', object: found.object } : { kind: 'failed' }
    }
    default:
      throw response.misunderstood()
  }
}
