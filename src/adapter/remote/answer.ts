/** What an adapter in a Worker of its own answers to Postern: all of `serveAdapter` but the RPC. */
import { checkSettings, type SettingsCheck } from '../check-settings.ts'
import type { Adapter, AnyPort } from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import { type Outside, openPorts } from '../open.ts'
import { checkDatabaseUrl } from '../sql/address.ts'
import {
  type AdapterBinding,
  type Answer,
  type Description,
  isMethod,
  type RemoteAccess,
  toWire,
} from './wire.ts'

/**
 * @param describe `describedOnce(adapter)`, which outlives a call
 * @param outside but whether http and loopback hosts are allowed: that is Postern's word
 */
export function answers(
  adapter: Adapter,
  describe: () => Promise<Description>,
  outside: Omit<Outside, 'allowInsecure'>,
): AdapterBinding {
  const open = (access: RemoteAccess): Readonly<Record<string, AnyPort>> =>
    openPorts(adapter, withinItsTime(access, outside.now), {
      ...outside,
      allowInsecure: access.allowInsecure,
    })

  return {
    describe: async () => JSON.stringify(await describe()),
    checkSettings: async (given) =>
      JSON.stringify(checkBinding(checkSettings(adapter, given), outside.hyperdrives)),
    offers: async (access) =>
      JSON.stringify(
        Object.fromEntries(
          Object.entries(open(access)).map(([type, port]) => [type, methodsOf(port)]),
        ),
      ),
    async invoke({ access, revision, type, method, args }) {
      if (revision !== (await describe()).revision) return said({ kind: 'changed' })
      try {
        const port = open(access)[type]
        const call = port && isMethod(method) ? port[method] : undefined
        // What is declared and missing is the adapter's fault: it ends as any other exception.
        if (!call) throw new TypeError(`the adapter has no ${method} of ${type}`)
        const value: unknown = await Reflect.apply(call, port, args)
        return said({ kind: 'value', value })
      } catch (error) {
        // Anything else belongs into the log of this Worker, and Postern learns that it happened.
        if (!(error instanceof AdapterFailure)) throw error
        return said({ kind: 'failure', failure: toWire(error) })
      }
    },
  }
}

const said = (answer: Answer<unknown>): string => JSON.stringify(answer)

function methodsOf(port: AnyPort): string[] {
  return Object.keys(port).filter((name) => isMethod(name) && port[name] !== undefined)
}

/** The value is kept, never the promise: one request must not wait for another's. */
export function describedOnce(adapter: Adapter): () => Promise<Description> {
  let described: Description | undefined
  return async () => {
    described ??= await describe(adapter)
    return described
  }
}

async function describe(adapter: Adapter): Promise<Description> {
  const { name, contract, version, identity, limits, secrets, resources } = adapter
  const own = { ...(identity !== undefined && { identity }), ...(limits && { limits }) }
  const declared = { name, contract, ...own, secrets: [...secrets], resources }
  const bytes = new TextEncoder().encode(JSON.stringify(declared))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const revision = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return { ...declared, version, revision } as Description
}

/** A binding of Hyperdrive is one of this Worker: the gateway could not say whether it is there. */
function checkBinding(checked: SettingsCheck, hyperdrives: Outside['hyperdrives']): SettingsCheck {
  if (!checked.ok || !checked.baseUrl?.startsWith('hyperdrive:')) return checked
  const bindings = [...(hyperdrives?.keys() ?? [])]
  const message = checkDatabaseUrl(checked.baseUrl, { allowInsecure: false, bindings })
  return message === undefined ? { ok: true } : { ok: false, issues: [{ path: [], message }] }
}

/** The caller waits no longer: no call is begun of which nobody would hear any more. */
function withinItsTime({ settings, secrets, timeoutMs }: RemoteAccess, now: () => number) {
  const until = now() + timeoutMs
  return { settings, secrets, leftMs: () => until - now() }
}
