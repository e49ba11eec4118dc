/** One client's requests to the gateway: what was asked, what came of it, and what it did not deserve. */

// biome-ignore lint/suspicious/noExplicitAny: SCIM bodies
export type Body = any

export interface Answer {
  readonly status: number
  readonly body: Body
}

/** Longer than the gateway may take for anything. */
const PATIENCE_MS = 60_000
const KEPT_FAULTS = 50

export interface Tally {
  readonly requests: () => number
  /** Requests by what they were for, and by status. */
  readonly byOperation: ReadonlyMap<string, ReadonlyMap<number, number>>
  /** Milliseconds of each answered request. */
  readonly times: readonly number[]
  /** Number of things that must not happen, and the first of them in words. */
  readonly faults: () => { readonly count: number; readonly first: readonly string[] }
}

export interface Conversation {
  readonly tally: Tally
  readonly fault: (what: string) => void
  /**
   * The answer where it has one of the statuses that this request deserves; undefined where the gateway
   * asks the client to come again (503 with Retry-After). Anything else is a fault, and undefined too.
   */
  readonly ask: (
    to: { readonly scimBaseUrl: string; readonly token: string },
    operation: string,
    request: { readonly method: string; readonly path: string; readonly body?: Body },
    deserved: readonly number[],
  ) => Promise<Answer | undefined>
}

export function openConversation(): Conversation {
  let requests = 0
  let faults = 0
  const first: string[] = []
  const byOperation = new Map<string, Map<number, number>>()
  const times: number[] = []
  const fault = (what: string) => {
    faults += 1
    if (first.length === KEPT_FAULTS) return
    const said = `${new Date().toISOString()} ${what}`
    first.push(said)
    console.error(`✗ ${said}`)
  }
  const tally: Tally = {
    requests: () => requests,
    byOperation,
    times,
    faults: () => ({ count: faults, first }),
  }
  return {
    tally,
    fault,
    async ask({ scimBaseUrl, token }, operation, { method, path, body }, deserved) {
      requests += 1
      const startedAt = performance.now()
      let response: Response
      let text: string
      try {
        response = await fetch(scimBaseUrl + path, {
          method,
          headers: {
            authorization: `Bearer ${token}`,
            ...(body !== undefined && { 'content-type': 'application/scim+json' }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(PATIENCE_MS),
        })
        text = await response.text()
      } catch (error) {
        fault(`${operation}: no answer (${(error as Error).name})`)
        return undefined
      }
      times.push(performance.now() - startedAt)
      const { status } = response
      const statuses = byOperation.get(operation) ?? new Map<number, number>()
      byOperation.set(operation, statuses.set(status, (statuses.get(status) ?? 0) + 1))
      const says = `${operation} ${new URL(scimBaseUrl).pathname}${path}: ${status} ${text.slice(0, 400)}`
      if (status === 503) {
        if (!response.headers.get('retry-after')) fault(`no Retry-After: ${says}`)
        return undefined
      }
      if (!deserved.includes(status)) {
        fault(says)
        return undefined
      }
      try {
        return { status, body: text === '' ? {} : JSON.parse(text) }
      } catch {
        fault(`no JSON: ${says}`)
        return undefined
      }
    },
  }
}
