/** Requests by autocannon, each sent once, and how long they took. */
import autocannon from 'autocannon'
import { quantile } from '../quantile.ts'

export interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Loaded {
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Per second. */
  readonly rps: number
  readonly requests: number
}

/** Ends within this of the last answer; what it measures is not rounded to it. */
const SAMPLE_MS = 50

/**
 * @param requests each is sent once, over connections that are kept
 * @param isWanted which answer is one; another ends the bench, for a refusal is fast
 */
export async function load(
  origin: string,
  requests: readonly Sent[],
  connections: number,
  isWanted: (status: number) => boolean,
): Promise<Loaded> {
  const times: number[] = []
  let first = 0
  let last = 0
  let wrong: string | undefined
  let client = 0
  const sent = requests.map((request) => ({
    ...request,
    headers: { ...request.headers },
    method: request.method as 'GET',
    onResponse: (status: number, body: string) => {
      if (!isWanted(status)) wrong ??= `${request.method} ${request.path}: ${status} ${body}`
    },
  }))
  const each = Math.floor(sent.length / connections)
  await new Promise<void>((resolve, reject) => {
    const instance = autocannon(
      {
        url: origin,
        connections,
        amount: each * connections,
        sampleInt: SAMPLE_MS,
        timeout: 120,
        setupClient(made) {
          made.setRequests(sent.slice(client * each, (client + 1) * each))
          client += 1
        },
      },
      (error) => (error ? reject(error) : resolve()),
    )
    instance.on('response', (_client, _status, _bytes, milliseconds) => {
      last = performance.now()
      if (first === 0) first = last - milliseconds
      times.push(milliseconds)
    })
    instance.on('reqError', reject)
  })
  if (wrong !== undefined) throw new Error(wrong)
  if (times.length !== each * connections) {
    throw new Error(`${times.length} answers to ${each * connections} requests`)
  }
  return {
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    rps: (times.length / (last - first)) * 1_000,
    requests: times.length,
  }
}
