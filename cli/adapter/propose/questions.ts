/**
 * What no API file says and every manifest must know: each question says what depends on it and which
 * call answers it.
 */
import type { Operation } from '../openapi/document.ts'
import { fold, type Kind } from './words.ts'

/** A call as it is typed, by method and path below the base URL. */
export type Curl = (method: string, path: string, body?: string) => string

export interface About {
  readonly kind: Kind
  readonly curl: Curl
  readonly list: Operation
  readonly get: Operation | undefined
  readonly create: Operation | undefined
  readonly naming: string | undefined
}

const ask = (...sentences: readonly string[]): string => `? ${sentences.join(' ')}`
const thing = ({ kind }: About) => (kind === 'User' ? 'person' : 'group')
const example = ({ get }: About, id: string) =>
  (get?.path ?? '/...').replace(/\{[^}]+\}(?=[^{]*$)/, id)
const read = (about: About, id = '<id>') => about.curl('GET', example(about, id))

export function idsReused(about: About, hasCreated: boolean): string {
  return ask(
    `Can the id of a deleted ${thing(about)} be given to somebody else later? Make one, delete it, make another:`,
    'if the second has the id of the first, write true.',
    'Ids that are random, or come from a sequence of a database server: write false.',
    hasCreated
      ? 'The time of creation ("fingerprint") tells the two apart.'
      : 'If true, say by "fingerprint" which member never changes for one of them (the time of creation).',
  )
}

export function attributes(about: About): string {
  return `The file does not say what a ${thing(about)} holds. Read one (${read(about)}) and list the members here: { "login": { "required": true, "unique": true, "clearable": false }, "first_name": {} }; the pairs with SCIM go into "mapping"`
}

export function naming(about: About): string {
  const what = about.kind === 'User' ? 'do people sign in with' : 'do groups go by'
  return ask(`Which attribute ${what}? It must be one of "attributes"`)
}

export function id(list: Operation): string {
  return ask(
    `Where in each object of ${list.path} is the id by which it is read? Write the pointer, such as "/id"`,
  )
}

export function getPath(about: About): string {
  return ask(
    `The file shows no call that reads one ${thing(about)} by its id. Write its path with {id}, such as "${about.list.path}/{id}".`,
    'If there is none, this app needs code',
  )
}

export function items(about: About): string {
  return ask(
    `Where in the answer of ${about.list.path} is the list? Write the pointer, such as "/users", or "" if the answer is the list itself.`,
    `Try: ${about.curl('GET', about.list.path)}`,
  )
}

export function list(
  about: About,
  hasSwitch: boolean,
  isWhole: boolean,
  states: readonly string[],
): string | string[] {
  const { curl, list: operation } = about
  const hidden = `Does this list show people who are switched off? Switch one off by hand, then: ${curl('GET', operation.path)}. If they are missing, add the query that shows them${states.length > 0 ? ` (the list takes ${states.join(', ')})` : ''}; if no query shows all at once, say "parts" (docs/manifest.md). Take this line out when the list shows everybody`
  const whole = `The file names no pages for this list. Does it show all there are, or the first hundred? Count, or ask with ?page=2, ?offset=1 and ?limit=1. If there are pages, say "pager". Take this line out when the list is whole`
  if (hasSwitch && isWhole) return [hidden, whole]
  return isWhole ? whole : hidden
}

export function lookup(about: About, attribute: string, parameter: string, isExact: boolean) {
  const { curl, list: operation } = about
  const search = (value: string) =>
    curl(
      'GET',
      `${operation.path}?${parameter}=${encodeURIComponent(value).replaceAll('%3C', '<').replaceAll('%3E', '>')}`,
    )
  return {
    exact: isExact
      ? ask(
          `Does ${parameter}= find the whole ${attribute} and nothing else? Ask for the first letters of one: ${search('ann')}.`,
          `Nobody comes: true. Somebody comes: false. Everybody comes: the app ignores it, take this look-up out`,
        )
      : false,
    caseExact: ask(
      `Is "ANN" somebody else than "ann" in this search? Ask by ${parameter}= in other letter case.`,
      'Found: false. Not found: true',
    ),
    includesInactive:
      about.kind === 'Group'
        ? true
        : ask(
            `Does the search find people who are switched off? Switch one off by hand, then: ${search(`<${attribute}>`)}.`,
            'Found: true. Not found: false, or add the query that finds them',
          ),
    lagMs: ask(
      `How long does the search miss somebody who was just made? Make one and search at once, ten times. Always found: 0. A search index: write its delay in milliseconds, such as 5000`,
    ),
  }
}

export function singleLookup(about: About, attribute: string, path: string) {
  const { exact: _, ...rest } = lookup(about, attribute, attribute, true)
  const read = about.curl('GET', path.replace('{value}', '<somebody who is off>'))
  return {
    exact: true,
    ...rest,
    includesInactive: ask(
      `Does the call answer with somebody who is switched off? ${read}. Yes: true. No: false.`,
      'What it says for nobody must meet the rule "absent"',
    ),
  }
}

export function wholeIncludes(about: About): unknown {
  if (about.kind === 'Group') return true
  return ask(
    `Does the list show people who are switched off as well? ${about.curl('GET', about.list.path)}. Yes: true. No: false`,
  )
}

export function noLookup(about: About): string {
  return ask(
    `The file shows no search by ${about.naming ?? 'name'}. Try ${about.curl('GET', `${about.list.path}?${about.naming ?? 'login'}=ann`)} and the like: does the answer shrink?`,
    'If so, write the look-up (docs/manifest.md); if not, take this line out: Postern then walks the list and builds an index',
  )
}

export function noSwitch(about: About): string {
  return ask(
    'The file does not show how a person is switched off. Look for a status, a flag, a lock or a call such as /block in the app itself.',
    `Write { "at": "/state", "on": "active", "off": "locked", "enable": {...}, "disable": {...} }, or take this member out if the app cannot: policy "onInactive" then says what happens. Try: ${read(about)}`,
  )
}

export function send(about: About, update: Operation): string {
  return ask(
    `Does ${update.method} ${update.path} keep what it is not told? Send one member alone and read the ${thing(about)} again.`,
    'The others are as they were: "changed". They are gone, or the call is refused: "full"',
  )
}

export function remove(about: About, operation: Operation): string {
  return ask(
    `What is left after ${operation.method} ${operation.path}? Delete one and read it again: ${read(about)}.`,
    'No such object: "hard". Still shown, perhaps with another status: "soft"',
  )
}

export function returns(about: About, operation: Operation): string {
  return ask(
    `What does ${operation.method} ${operation.path} answer with? Make one with curl -i.`,
    `The whole ${thing(about)}: "object", or { "item": "/user" } if it is wrapped. Only the id: { "id": "/id" }. Nothing but a Location header: "location"`,
  )
}

export function duplicate(about: About, operation: Operation): string {
  const codes = operation.answers
    .filter(({ status }) => /^4(00|09|22)$/.test(status))
    .map(({ status, shape }) => {
      const names = Object.keys(shape.properties).join(', ')
      return names === '' ? status : `${status} with ${names}`
    })
  const known = codes.length > 0 ? `The file lists ${codes.join('; ')}. ` : ''
  const by = about.naming ?? 'name'
  return ask(
    `What does the app answer to a second ${thing(about)} with the same ${by}? Make the same one twice with curl -i. ${known}Write`,
    `{ "status": 409, "at": "/code", "equals": "...", "means": { "exists": {} } }, with { "exists": { "id": "/..." } } if the answer says who is in the way; "contains" for a sentence.`,
    'If nothing is refused, or a create overwrites, take this line out',
  )
}

/** Of the whole manifest: what "no such object" looks like. */
export function absent(about: About): string {
  const shape = about.get?.answers.find(({ status }) => status === '404')?.shape
  const names = Object.keys(shape?.properties ?? {})
  return ask(
    `What does the app answer for a ${thing(about)} who does not exist? ${about.curl('GET', example(about, '0'))} with -i, and once more with a path that cannot be: the two must differ, because a wrong base URL answers 404 as well.`,
    names.length > 0 ? `The file says that a 404 holds ${names.join(', ')}.` : '',
    `Write { "status": 404, "at": "/${names[0] ?? 'message'}", "equals": "...", "means": "absent" }, or "body": "empty" for an empty body`,
  )
}

/** Of the whole manifest: whether an empty answer may be for want of rights. */
export function check(about: About): string {
  const list = about.curl('GET', about.list.path)
  return ask(
    `What does the app answer to a credential that is wrong, and to one without the right to see people? ${list} with -i, with each. 401 or 403 both times: take this member out.`,
    '200 with an empty list, or with fewer people: write a call that only the right credential is answered, such as { "method": "GET", "path": "/me", "rules": [{ "at": "/admin", "equals": true, "means": "ok" }, { "status": "2xx", "means": { "fail": "forbidden" } }] }',
  )
}

export function optionalSecrets(names: readonly string[]): string {
  return `The app takes ${names.join(', ')} at a create. If it refuses people without a password, place "{password}" in the body: random, and kept by nobody. If it can do without (a mail, single sign-on), send what says so. Take this line out when a create works`
}

export function body(operation: Operation): string {
  return ask(
    `The file gives ${operation.method} ${operation.path} a body that is neither JSON nor a form. Write { "json": ... }, { "form": ... } or { "xml": ... } if it takes one of them`,
  )
}

export function mapping(kind: Kind): string {
  const pairs =
    kind === 'User'
      ? '{ "userName": "login", "name.givenName": "first_name", "name.familyName": "last_name" }'
      : '{ "displayName": "name" }'
  return ask(`Which attribute is which in SCIM? Write pairs such as ${pairs} (docs/mapping.md)`)
}

/** Members that nothing is made of, for whoever wonders; pictures and counters are left out. */
export function notMapped(unused: readonly string[]): string | undefined {
  const worth = unused.filter((name) => !/url|link|avatar|count|image/.test(fold(name)))
  return worth.length === 0 ? undefined : worth.slice(0, 30).join(', ')
}
