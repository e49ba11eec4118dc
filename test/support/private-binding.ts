/** The binding of a private adapter without a second Worker: what crosses is cloned as RPC clones it. */
import type { Adapter } from '../../src/adapter/contract.ts'
import { answers, describedOnce } from '../../src/adapter/remote/answer.ts'
import type { AdapterBinding } from '../../src/adapter/remote/wire.ts'

type Fetch = (input: string, init: RequestInit) => Promise<Response>

export interface TestBinding extends AdapterBinding {
  /** Another version is there from now on. */
  readonly deploy: (adapter: Adapter) => void
  /** Each call so far, as it crossed. */
  readonly crossed: readonly { readonly method: keyof AdapterBinding; readonly sent: unknown }[]
}

export function openBinding(
  first: Adapter,
  fetch: Fetch,
  now: () => number = Date.now,
): TestBinding {
  const crossed: { method: keyof AdapterBinding; sent: unknown }[] = []
  const serve = (adapter: Adapter) => answers(adapter, describedOnce(adapter), { fetch, now })
  let served = serve(first)
  async function cross<A>(
    method: keyof AdapterBinding,
    sent: A,
    call: (arrived: A) => Promise<string>,
  ): Promise<string> {
    const arrived = structuredClone(sent)
    crossed.push({ method, sent: arrived })
    try {
      return await call(arrived)
    } catch (error) {
      // RPC gives the message away, and takes the class.
      throw new Error(error instanceof Error ? error.message : 'thrown')
    }
  }
  return {
    crossed,
    deploy: (adapter) => {
      served = serve(adapter)
    },
    describe: () => cross('describe', undefined, () => served.describe()),
    checkSettings: (given) => cross('checkSettings', given, (a) => served.checkSettings(a)),
    offers: (access) => cross('offers', access, (a) => served.offers(a)),
    invoke: (call) => cross('invoke', call, (a) => served.invoke(a)),
  }
}
