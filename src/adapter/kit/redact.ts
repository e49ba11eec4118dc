/** Takes secrets and people out of what was recorded, the same way each time. */
import type { NativeObject, Value } from '../contract.ts'
import { pathOf } from './samples.ts'
import type { Ports, Subject } from './subject.ts'
import { type Exchange, isSecretName, REDACTED, TAPED_ORIGIN } from './tape.ts'

/** SCIM attributes whose values are words of the app, and name nobody. */
const PLAIN = /^(?:active|userType|locale|timezone|preferredLanguage|roles|entitlements)\b/i
/** A word of the app rather than of a person: `staff`, `read-only`. */
const WORD = /^[a-z][a-z0-9_-]{0,24}$/
const PERSONAL_NAME = /mail|name|phone|mobile|address|login|avatar|birth|(?:^|_)ip$/i
const MAIL = /^[^@\s]+@[^@\s]+$/

export interface Redactor {
  /** Sees whom the adapter reads. */
  readonly watch: (ports: Ports) => Ports
  /** Of a value beside the tapes, once they are redacted: a name in it is what it is in them. */
  readonly beside: (value: unknown) => unknown
  readonly redact: (
    tapes: ReadonlyMap<string, readonly Exchange[]>,
  ) => ReadonlyMap<string, readonly Exchange[]>
}

/**
 * Values of people whom the kit did not make become invented ones; so does what looks like one and is
 * no attribute. Names that hold the run's seed stay: they are the kit's own.
 *
 * @param secrets of the connection, by name
 */
export function createRedactor(
  { adapter, seed }: Pick<Subject, 'adapter' | 'seed'>,
  origin: string,
  secrets: Readonly<Record<string, string>>,
): Redactor {
  const invented = new Map<string, string>()
  const hidden = new Map<string, string>()
  const isOwn = (text: string) => text.includes(`pk${seed}`) || text.includes('kit.example')

  function invent(text: string, kind: string): void {
    const key = text.toLowerCase()
    if (text.length < 2 || isOwn(key) || invented.has(key)) return
    const word = `${kind.toLowerCase().replaceAll(/[^a-z]/g, '') || 'value'}${invented.size + 1}`
    invented.set(key, MAIL.test(text) ? `${word}@people.example` : word)
  }

  function meet(type: string, object: NativeObject): void {
    const spec = adapter.resources[type]
    const texts = Object.values(object.attributes).flatMap((value) => textsIn(value))
    if (!spec || texts.some(isOwn)) return
    for (const [name, value] of Object.entries(object.attributes)) {
      const path = pathOf(spec.mapping, name)
      const isPlain = path === undefined ? undefined : PLAIN.test(path)
      for (const text of textsIn(value)) {
        if (isPlain ?? (WORD.test(text) && name !== spec.naming)) continue
        invent(text, name)
      }
    }
  }

  /** In the letter case in which it was: a search in capitals finds what it found. */
  function replaced(text: string): string {
    const found = invented.get(text.toLowerCase())
    if (found === undefined) return text
    return text === text.toUpperCase() && text !== text.toLowerCase() ? found.toUpperCase() : found
  }

  function clean(text: string): string {
    // In a form it is encoded.
    let cleaned = text
      .replaceAll(origin, TAPED_ORIGIN)
      .replaceAll(encodeURIComponent(origin), encodeURIComponent(TAPED_ORIGIN))
    for (const [secret, put] of hidden) {
      cleaned = cleaned.replaceAll(secret, put).replaceAll(encodeURIComponent(secret), put)
    }
    return replaced(cleaned)
  }

  function cleanJson(value: unknown, name = ''): unknown {
    if (Array.isArray(value)) return value.map((one) => cleanJson(one, name))
    if (typeof value === 'string') {
      if (hidden.has(value)) return hidden.get(value)
      if (isSecretName(name) && value !== '' && value !== REDACTED) return hide(value)
      return clean(value)
    }
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, cleanJson(inner, key)]),
    )
  }

  function hide(secret: string): string {
    const put = hidden.get(secret) ?? `${REDACTED}-${hidden.size + 1}`
    // A short one would be found inside other words.
    if (secret.length >= 6) hidden.set(secret, put)
    return put
  }

  /** What looks like somebody's in an answer, and is no attribute. */
  function discover(value: unknown, name = ''): void {
    if (Array.isArray(value)) for (const one of value) discover(one, name)
    else if (typeof value === 'string') {
      if (isSecretName(name)) hide(value)
      else if (MAIL.test(value) || (PERSONAL_NAME.test(name) && !WORD.test(value))) {
        invent(value, name)
      }
    } else if (typeof value === 'object' && value !== null) {
      const isKits = JSON.stringify(value).includes(`pk${seed}`)
      for (const [key, inner] of Object.entries(value)) {
        if (!isKits || typeof inner === 'object' || isSecretName(key)) discover(inner, key)
      }
    }
  }

  function cleanUrl(url: string): string {
    const [path = '', query] = url.split('?')
    const parts = path.split('/').map((part) => (part === '' ? '' : recode(part)))
    if (query === undefined) return clean(parts.join('/'))
    // As it stands: `+` and `%20` are not to change places.
    const pairs = query.split('&').map((pair) => pair.split('=').map(recode).join('='))
    return clean(`${parts.join('/')}?${pairs.join('&')}`)
  }

  /** A part of a URL, which is encoded; as it was where nothing in it is replaced. */
  function recode(part: string): string {
    let plain: string
    try {
      plain = decodeURIComponent(part.replaceAll('+', ' '))
    } catch {
      return part
    }
    const put = clean(plain)
    return put === plain ? part : encodeURIComponent(put)
  }

  function cleanBody(body: Exchange['request']['body']): Exchange['request']['body'] {
    if (body === undefined) return undefined
    if ('json' in body) return { json: cleanJson(body.json) } as typeof body
    return { text: clean(replacedInside(body.text)) }
  }

  function cleanExchange({ request, response }: Exchange): Exchange {
    const [sent, answered] = [cleanBody(request.body), cleanBody(response.body)]
    const { method, url } = request
    const { status } = response
    const headers = Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) => [name, clean(value)]),
    )
    return {
      request: { method, url: cleanUrl(url), ...(sent && { body: sent }) },
      response: { status, headers, ...(answered && { body: answered }) },
    }
  }

  /** Bodies that are no JSON: forms, XML. */
  function replacedInside(text: string): string {
    let put = text
    for (const [found, word] of invented) {
      if (found.length >= 4) put = put.replaceAll(new RegExp(escaped(found), 'gi'), word)
    }
    return put
  }

  for (const [name, secret] of Object.entries(secrets)) {
    if (secret.length >= 4) hidden.set(secret, `${REDACTED}-${name}`)
  }

  return {
    watch: (ports) =>
      Object.fromEntries(
        Object.entries(ports).map(([type, port]) => [
          type,
          {
            ...port,
            get: async (id) => {
              const object = await port.get(id)
              if (object) meet(type, object)
              return object
            },
            find: async (attribute, value) => {
              const found = await port.find(attribute, value)
              for (const object of found) meet(type, object)
              return found
            },
            list: async (page) => {
              const found = await port.list(page)
              for (const object of found.items) meet(type, object)
              return found
            },
          },
        ]),
      ),
    beside: (value) => cleanJson(value),
    redact(tapes) {
      // Who is on any of them is taken out of all of them.
      for (const { response } of [...tapes.values()].flat()) {
        if (response.body && 'json' in response.body) discover(response.body.json)
      }
      return new Map([...tapes].map(([name, exchanges]) => [name, exchanges.map(cleanExchange)]))
    },
  }
}

function textsIn(value: Value | undefined): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  if (Array.isArray(value)) return value.flatMap(textsIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
