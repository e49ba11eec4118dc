/** What a directory answers (RFC 4511 §4), read strictly. Its texts (diagnosticMessage) are dropped. */
import { type BerElement, elementsOf, MalformedBer, numberOf, textOf } from './ber.ts'

/** An entry: its name and what was asked for of it. */
export interface LdapEntry {
  /** As the directory writes it. */
  readonly dn: string
  /** Values of an attribute, in any letter case; none where the entry has none. */
  readonly values: (attribute: string) => readonly string[]
}

export type LdapResponse = { readonly messageId: number } & (
  | { readonly kind: 'entry'; readonly entry: LdapEntry }
  /** A part of the tree that another server holds (§4.5.3). */
  | { readonly kind: 'reference' }
  | {
      readonly kind: 'result'
      readonly code: number
      /** Of paged results (RFC 2696); empty or absent on the last page. */
      readonly cookie?: Uint8Array
    }
  | { readonly kind: 'intermediate' }
)

const SEQUENCE = 0x30
const CONTROLS = 0xa0
const SEARCH_ENTRY = 0x64
const SEARCH_REFERENCE = 0x73
const INTERMEDIATE = 0x79
/** bind, searchDone, modify, add, delete, modifyDN, compare, extended. */
const RESULTS = [0x61, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, 0x78]
const PAGED_RESULTS = '1.2.840.113556.1.4.319'

/** @throws {MalformedBer} where it is no LDAPMessage */
export function parseResponse(bytes: Uint8Array): LdapResponse {
  const [message] = elementsOf(bytes)
  if (message?.tag !== SEQUENCE) throw new MalformedBer()
  const [id, operation, controls] = elementsOf(message.content)
  if (!id || !operation) throw new MalformedBer()
  const messageId = numberOf(id)
  if (operation.tag === SEARCH_ENTRY) return { messageId, kind: 'entry', entry: entryOf(operation) }
  if (operation.tag === SEARCH_REFERENCE) return { messageId, kind: 'reference' }
  if (operation.tag === INTERMEDIATE) return { messageId, kind: 'intermediate' }
  const [code] = elementsOf(operation.content)
  if (!RESULTS.includes(operation.tag) || !code) throw new MalformedBer()
  const cookie = controls?.tag === CONTROLS ? cookieOf(controls) : undefined
  return { messageId, kind: 'result', code: numberOf(code), ...(cookie && { cookie }) }
}

function entryOf({ content }: BerElement): LdapEntry {
  const [name, attributes] = elementsOf(content)
  if (!name || !attributes) throw new MalformedBer()
  const held = new Map<string, readonly string[]>()
  for (const attribute of elementsOf(attributes.content)) {
    const [type, values] = elementsOf(attribute.content)
    if (!type || !values) throw new MalformedBer()
    held.set(textOf(type).toLowerCase(), elementsOf(values.content).map(textOf))
  }
  return {
    dn: textOf(name),
    values: (attribute) => held.get(attribute.toLowerCase()) ?? [],
  }
}

function cookieOf({ content }: BerElement): Uint8Array | undefined {
  for (const control of elementsOf(content)) {
    const parts = elementsOf(control.content)
    const [type] = parts
    const value = parts.at(-1)
    if (!type || !value || textOf(type) !== PAGED_RESULTS) continue
    const [page] = elementsOf(value.content)
    return page && elementsOf(page.content)[1]?.content
  }
  return undefined
}
