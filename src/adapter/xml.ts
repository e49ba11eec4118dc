/**
 * XML as a tree of JSON, so that pointers lead into it as they lead into JSON (decision 0013):
 *
 * - an element is a member, named without its namespace prefix; several of one name are a list
 * - an attribute is a member `@name`; declarations of namespaces are left out
 * - an element with neither attributes nor elements is its text, or null where it is empty or nil;
 *   any other one is an object, with its text, if there is some, as `#text`
 * - everything else is text: `"5"`, `"true"`
 *
 * Written, the tree is the same, but that names keep their prefixes.
 */
import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser'
import { AdapterFailure } from './failure.ts'
import { isXmlName } from './xml-tree.ts'

const MAX_DEPTH = 32
/** Of tags and of attributes: a few bytes of text each become an object in memory. */
const MAX_NODES = 200_000

/** What the parser gives with `preserveOrder`: `{ name: children, ":@": attributes }`, or a text. */
type Ordered = Readonly<Record<string, unknown>>

// No document type is read, so there is no entity but the five of XML and numbers: a bomb of
// entities has nothing to explode with, and nothing outside the document is asked for.
const entityDecoder = {
  setExternalEntities: () => undefined,
  addInputEntities: (): never => {
    throw new Error('a document type is refused')
  },
  reset: () => undefined,
  setXmlVersion: () => undefined,
  decode,
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  cdataPropName: '#cdata',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  removeNSPrefix: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: MAX_DEPTH,
  jPath: false,
  // Objects are made from entries here, so names such as `toString` do no harm.
  onDangerousProperty: (name) => name,
  entityDecoder,
})

/** Undefined where the text is no XML that is read here: a sign-in page, a document type, a flood. */
export function readXml(text: string): unknown {
  if (!/^\s*</.test(text) || isFlood(text) || XMLValidator.validate(text) !== true) return undefined
  let nodes: readonly Ordered[]
  try {
    nodes = parser.parse(text)
  } catch {
    // What the parser says quotes the document.
    return undefined
  }
  const [root, another] = nodes.filter((node) => nameOf(node) !== '#text')
  const name = root && nameOf(root)
  // A page for people that happens to be well-formed is no answer to a program.
  if (!root || !name || another || name.startsWith('#') || name.toLowerCase() === 'html') {
    return undefined
  }
  return { [name]: treeOf(root) }
}

function isFlood(text: string): boolean {
  let nodes = 0
  for (const _ of text.matchAll(/<|=\s*["']/g)) if (++nodes > MAX_NODES) return true
  return false
}

const nameOf = (node: Ordered): string | undefined => Object.keys(node).find((key) => key !== ':@')

function treeOf(node: Ordered): unknown {
  const children = childrenOf(node, nameOf(node))
  const attributes = Object.entries((node[':@'] ?? {}) as Readonly<Record<string, string>>).filter(
    ([name]) => name !== '@xmlns',
  )
  if (attributes.some(([name, is]) => name === '@nil' && /^(?:true|1)$/.test(is))) return null
  const members = new Map<string, unknown>(attributes)
  const lists = new Set<string>()
  for (const child of children) {
    const name = nameOf(child)
    if (name === undefined || name.startsWith('#')) continue
    const value = treeOf(child)
    if (lists.has(name)) (members.get(name) as unknown[]).push(value)
    else if (members.has(name)) {
      members.set(name, [members.get(name), value])
      lists.add(name)
    } else members.set(name, value)
  }
  const text = textIn(children)
  if (members.size === 0) return text === '' ? null : text
  if (text !== '') members.set('#text', text)
  return Object.fromEntries(members)
}

function childrenOf(node: Ordered, name: string | undefined): readonly Ordered[] {
  const children = name === undefined ? undefined : node[name]
  return Array.isArray(children) ? children : []
}

/** Blanks around a text are the layout of the document; those in a CDATA section are meant. */
function textIn(children: readonly Ordered[]): string {
  const isMeant = children.some((child) => nameOf(child) === '#cdata')
  const text = children
    .flatMap((child) => [child, ...childrenOf(child, '#cdata')])
    .map((one) => String(one['#text'] ?? ''))
    .join('')
  return isMeant ? text : text.trim()
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
}

function decode(text: string): string {
  return text.replace(/&([^;]*);?/g, (whole, name: string) => {
    const found = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined
    if (found !== undefined && whole.endsWith(';')) return found
    const [, decimal, hex] = /^#(?:(\d{1,7})|x([0-9A-Fa-f]{1,6}))$/.exec(name) ?? []
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
    if (!whole.endsWith(';') || Number.isNaN(code) || code > 0x10ffff) {
      throw new Error('an entity that XML does not know')
    }
    return String.fromCodePoint(code)
  })
}

/** XML 1.0 §2.2: characters that no document holds, in whatever form. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const NO_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

const builder = new XMLBuilder({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  suppressBooleanAttributes: false,
  // Values come escaped: the builder leaves line breaks in attributes, which readers take for blanks.
  processEntities: false,
})

/** @throws {AdapterFailure} `invalid`, effect `none`, where a value has no form in XML */
export function writeXml(tree: unknown): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${builder.build(escaped(tree))}`
}

function escaped(value: unknown, isAttribute = false): unknown {
  if (Array.isArray(value)) {
    if (isAttribute) throw unfit()
    return value.map((one) => escaped(one))
  }
  if (typeof value === 'object' && value !== null) {
    if (isAttribute) throw unfit()
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
        if (!isXmlName(name)) throw unfit()
        const isPart = name.startsWith('@') || name === '#text'
        return isPart && inner === null ? [] : [[name, escaped(inner, isPart)]]
      }),
    )
  }
  const text = value === null || value === undefined ? '' : String(value)
  if (NO_CHARACTER.test(text) || !text.isWellFormed()) throw unfit()
  return text.replace(/[&<>"'\t\n\r]/g, (one) => `&#${one.charCodeAt(0)};`)
}

function unfit(): AdapterFailure {
  return new AdapterFailure('invalid', 'a value has no form in XML', { effect: 'none' })
}
