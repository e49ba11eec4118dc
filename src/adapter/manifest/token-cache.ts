/** Tokens that an isolate holds for apps, by what they were issued for, until they expire. */

export interface TokenCache {
  /** Undefined where there is none, or it has expired. @param now milliseconds since the epoch */
  get(key: string, now: number): string | undefined
  set(key: string, token: string, expiresAt: number): void
  delete(key: string): boolean
}

const CAPACITY = 100

/** The oldest goes first where there are more than `CAPACITY`. */
export function createTokenCache(): TokenCache {
  const entries = new Map<string, { readonly token: string; readonly expiresAt: number }>()
  return {
    get(key, now) {
      const entry = entries.get(key)
      return entry && now < entry.expiresAt ? entry.token : undefined
    },
    set(key, token, expiresAt) {
      entries.delete(key)
      const [oldest] = entries.keys()
      if (oldest !== undefined && entries.size >= CAPACITY) entries.delete(oldest)
      entries.set(key, { token, expiresAt })
    },
    delete: (key) => entries.delete(key),
  }
}
