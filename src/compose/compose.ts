/**
 * Puts the parts together: bindings, adapters and the outside world in, app and jobs out. What only
 * administrators or the cron need is evaluated when they come (decision 0033): a SCIM request that starts an
 * isolate waits for none of it.
 */
import { createApp } from '../app.ts'
import { type Core, openCore } from './core.ts'
import type { Composed, Parts } from './parts.ts'

/** For one isolate. It remembers nothing of a request but Access's bounded caches. */
export function compose(parts: Parts): Composed {
  const core = openCore(parts)
  const manage = once(async () => (await import('./manage.ts')).openManage, core)
  const cron = once(async () => (await import('./cron.ts')).openCron, core)
  const app = createApp({ ...core.scim, manage })
  return {
    fetch: (request) => app.fetch(request),
    alerts: async () => (await cron()).alerts(),
    scheduled: async () => (await cron()).scheduled(),
  }
}

/** What is kept is no promise: that would be of the request that came first. */
function once<Made>(load: () => Promise<(core: Core) => Made>, core: Core): () => Promise<Made> {
  let made: Made | undefined
  return async () => {
    if (made === undefined) {
      const open = await load()
      made ??= open(core)
    }
    return made
  }
}
