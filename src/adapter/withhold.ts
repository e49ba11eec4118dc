/**
 * A secret of the connection that the app repeats (it shows headers back, or the account of the
 * credential with its key) must not become a value of a person: whoever writes the mapping, or may
 * read people, would read it there. Secrets are write-only through every interface.
 */
import type { AnyPort } from './contract.ts'

/** What stands in the place of a text that holds one. */
const WITHHELD = '[secret]'
/** Shorter ones are words that people have too: a company named as its password. */
const SHORTEST = 16

type Ports = Readonly<Record<string, AnyPort>>

/** The same ports, whose answers hold none of these secrets in any usual spelling. */
export function withholding(ports: Ports, secrets: readonly string[]): Ports {
  const spellings = secrets.filter((one) => one.length >= SHORTEST).flatMap(spellingsOf)
  if (spellings.length === 0) return ports
  const shortest = Math.min(...spellings.map(({ length }) => length))
  const isSecret = (text: string) =>
    text.length >= shortest && spellings.some((spelling) => text.includes(spelling))

  /** The same value where it holds none: answers are seldom copied. */
  function clean(value: unknown): unknown {
    if (typeof value === 'string') return isSecret(value) ? WITHHELD : value
    if (Array.isArray(value)) {
      const cleaned = value.map(clean)
      return cleaned.some((one, i) => one !== value[i]) ? cleaned : value
    }
    if (typeof value !== 'object' || value === null || value instanceof Date) return value
    const entries = Object.entries(value)
    const cleaned = entries.map(([name, inner]) => [name, clean(inner)] as const)
    const isSame = cleaned.every(([, inner], i) => inner === entries[i]?.[1])
    return isSame ? value : Object.fromEntries(cleaned)
  }

  const guarded = (port: AnyPort): AnyPort =>
    new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return async (...args: unknown[]) => clean(await member.apply(target, args))
      },
    })
  return Object.fromEntries(Object.entries(ports).map(([type, port]) => [type, guarded(port)]))
}

/** As it is, in a URL, and within base64, which has three spellings by what stands before it. */
function spellingsOf(secret: string): readonly string[] {
  const bytes = new TextEncoder().encode(secret)
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  const within = [0, 1, 2].map((before) => {
    const encoded = btoa('\0'.repeat(before) + binary)
    // What shares a group with its neighbours differs with them.
    return encoded.slice(before === 0 ? 0 : 4, Math.floor((before + bytes.length) / 3) * 4)
  })
  return [...new Set([secret, encodeURIComponent(secret), ...within])]
}
