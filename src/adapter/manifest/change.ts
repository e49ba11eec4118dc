/** Requests of a manifest that change an object which is there. */
import type { RemoveOutcome, WriteOutcome, WritePort } from '../contract.ts'
import type { HttpResponse } from '../http.ts'
import { areParts, toApp, writable } from './convert.ts'
import { type Answer, type App, exchange } from './exchange.ts'
import { partAt } from './pointer.ts'
import { getRow, typed, understood } from './read.ts'
import type { RequestSpec } from './request-schema.ts'
import type { ResourceManifest, Returns } from './resource-schema.ts'
import { placeholdersIn, type Values } from './template.ts'

export async function updateObject(
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

export async function turn(
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

export async function removeObject(
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
