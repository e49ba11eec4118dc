/**
 * The public origin of the gateway. It is configuration, because Host is the client's word: what a
 * forged one puts into `meta.location` would be kept by whoever reads it.
 */

/** The gateway does not know its own address: the operator has to set it. */
export class BaseUrlMissing extends Error {
  override readonly name = 'BaseUrlMissing'

  constructor() {
    super(
      "Postern does not know its public address. Its operator sets BASE_URL in the Worker's vars.",
    )
  }
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]'])
const WORKERS_DEV = /^(?:[a-z0-9-]+\.){2}workers\.dev$/

/**
 * @param requestUrl believed only where its host can be no other: on `workers.dev`, whose names the
 *   platform itself leads to their Worker, and on loopback in development
 * @throws {BaseUrlMissing}
 */
export function baseUrlOf(
  requestUrl: string,
  { configured, isDevelopment }: { configured: string; isDevelopment: boolean },
): string {
  if (configured !== '') return configured
  const { hostname, origin, protocol } = new URL(requestUrl)
  if (isDevelopment && LOOPBACK.has(hostname)) return origin
  if (!isDevelopment && protocol === 'https:' && WORKERS_DEV.test(hostname)) return origin
  throw new BaseUrlMissing()
}
