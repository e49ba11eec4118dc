/** A create through a manifest, and what the app has made of it. */
import type { Attributes, CreateOutcome, NativeObject, WritePort } from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import type { HttpResponse } from '../http.ts'
import { turn } from './change.ts'
import { idOf, toApp, writeOne } from './convert.ts'
import { type Answer, type App, exchange } from './exchange.ts'
import { randomPassword } from './password.ts'
import { getAt, partAt } from './pointer.ts'
import { bears, getRow, readPort, sameName, understood } from './read.ts'
import type { ResourceManifest, Returns } from './resource-schema.ts'
import { placeholdersIn } from './template.ts'

const PASSWORD = { length: 24, symbols: '!#%*+-=?@_' }

type Create = NonNullable<ResourceManifest['create']>

export async function createObject(
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
