/**
 * Puts the parts together: bindings, adapters and the outside world in, app and jobs out. What only
 * administrators or the cron need is evaluated when they come (decision 0033): a SCIM request that starts an
 * isolate waits for none of it.
 */
import { createApp } from '../app.ts'
import { openCore } from './core.ts'
import type { openCron } from './cron.ts'
import type { openManage } from './manage.ts'
import type { Composed, Parts } from './parts.ts'

/** Code alone, for whatever is composed: asked for again, the module loader would look for it again. */
const openers: { manage?: typeof openManage; cron?: typeof openCron } = {}

/** For one isolate. It remembers nothing of a request but Access's bounded caches. */
export function compose(parts: Parts): Composed {
  const core = openCore(parts)
  const manage = once(async () => {
    openers.manage ??= (await import('./manage.ts')).openManage
    return openers.manage(core)
  })
  const cron = once(async () => {
    openers.cron ??= (await import('./cron.ts')).openCron
    return openers.cron(core)
  })
  const app = createApp({ ...core.scim, manage })
  return {
    fetch: (request) => app.fetch(request),
    alerts: async () => (await cron()).alerts(),
    scheduled: async () => (await cron()).scheduled(),
  }
}

/** What is kept is no promise: that would be of the request that came first. */
function once<Made>(open: () => Promise<Made>): () => Promise<Made> {
  let made: Made | undefined
  return async () => {
    made ??= await open()
    return made
  }
}
