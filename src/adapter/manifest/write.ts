/** Writing accounts and groups through a manifest. */
import type { PendingPort, WritePort } from '../contract.ts'
import { removeObject, turn, updateObject, write } from './change.ts'
import { idOf } from './convert.ts'
import { createObject } from './create.ts'
import { type App, exchange } from './exchange.ts'
import { getAt } from './pointer.ts'
import { getRow } from './read.ts'
import type { ResourceManifest } from './resource-schema.ts'

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
