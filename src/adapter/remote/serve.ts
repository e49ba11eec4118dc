/** The entrypoint of a Worker that holds a private adapter: Postern calls it by a service binding. */
import { WorkerEntrypoint } from 'cloudflare:workers'
import type { Adapter, ResourceSpecs } from '../contract.ts'
import type { Outside } from '../open.ts'
import { hyperdrivesIn } from '../sql/hyperdrives.ts'
import { answers, describedOnce } from './answer.ts'
import type { AdapterBinding, RemoteAccess, RemoteCall } from './wire.ts'

export interface ServeOptions<Env> {
  /**
   * How the app is reached, if not over the Internet: `(env) => (url, init) => env.APP.fetch(url, init)` with
   * an mTLS certificate or a VPC service.
   */
  readonly fetch?: (env: Env) => Outside['fetch']
  /** For apps that are databases: `createDial(connect)`, of `sql/dial.ts` and `cloudflare:sockets`. */
  readonly dial?: Outside['dial']
  /** For directories: `directoriesBy(connect)`, of `ldap/directories.ts` and `cloudflare:sockets`. */
  readonly openDirectory?: Outside['openDirectory']
}

/** `export default serveAdapter(adapter)`. */
export function serveAdapter<Settings, R extends ResourceSpecs, Env = unknown>(
  adapter: Adapter<Settings, R>,
  options: ServeOptions<Env> = {},
) {
  const served = adapter as unknown as Adapter
  const describe = describedOnce(served)
  return class extends WorkerEntrypoint<Env> implements AdapterBinding {
    #answers(): AdapterBinding {
      const outside = options.fetch?.(this.env) ?? fetch
      const { dial, openDirectory } = options
      return answers(served, describe, {
        // Not `outside` itself: workerd's own fetch refuses to be called with another `this`.
        fetch: (input, init) => outside(input, init),
        now: () => Date.now(),
        hyperdrives: hyperdrivesIn(this.env),
        ...(dial && { dial }),
        ...(openDirectory && { openDirectory }),
      })
    }
    describe(): Promise<string> {
      return this.#answers().describe()
    }
    checkSettings(given: Readonly<Record<string, unknown>>): Promise<string> {
      return this.#answers().checkSettings(given)
    }
    offers(access: RemoteAccess): Promise<string> {
      return this.#answers().offers(access)
    }
    invoke(call: RemoteCall): Promise<string> {
      return this.#answers().invoke(call)
    }
  }
}
