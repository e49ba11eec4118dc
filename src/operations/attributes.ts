/**
 * Attributes that the app has no place for: kept with the link, dropped or refused, by the
 * connection's policy for their SCIM path. The most exact path decides; `*` is all the rest.
 */
import type { Mapping } from '../mapping/mapping.ts'
import { wholeOf } from '../mapping/pair.ts'
import { same } from '../mapping/same.ts'
import { ScimError } from '../scim/error.ts'
import { getAt, type Path, parsePath, printPath, removeAt, setAt } from '../scim/path.ts'
import { parseResource } from '../scim/resource.ts'
import type { Resource, ResourceDefinition } from '../scim/schema.ts'
import type { Endpoint } from './endpoint.ts'

type Rule = 'keep' | 'drop' | 'reject'

/** The resource in a POST or PUT body, without what policy drops. */
export function holdable(
  endpoint: Endpoint,
  body: unknown,
): { resource: Resource; ignored: readonly string[] } {
  const { resource, ignored } = parseResource(endpoint.definition, body, endpoint.profile)
  const { kept, dropped } = applyPolicy(endpoint, resource)
  return { resource: kept, ignored: [...ignored, ...dropped] }
}

/**
 * @param before what is there already: policy speaks of what a request brings, not of what it leaves
 * @throws {ScimError} `invalidValue` where policy refuses an attribute that is present
 */
export function applyPolicy(
  { connection, definition, mapping }: Endpoint,
  resource: Resource,
  before: Resource = {},
): { kept: Resource; dropped: string[] } {
  const given: Readonly<Record<string, Rule>> = connection.policy.attributes
  const everyOther = given['*'] ?? 'keep'
  // The default keeps everything, and costs nothing.
  if (everyOther === 'keep' && Object.keys(given).length === 1) {
    return { kept: resource, dropped: [] }
  }

  const { rest: open, exempt } = withoutExempt(definition, mapping, resource, before)
  let rest = open
  let kept = exempt
  const dropped: string[] = []
  const apply = (rule: Rule, path: Path): void => {
    const value = getAt(rest, path)
    if (value === undefined) return
    rest = removeAt(rest, path)
    switch (rule) {
      case 'keep':
        kept = setAt(kept, path, value)
        return
      case 'drop':
        dropped.push(printPath(path))
        return
      case 'reject':
        throw new ScimError(
          'invalidValue',
          `The app cannot hold "${printPath(path)}" and this connection refuses it. Take it out ` +
            'of the attribute mapping of the client, or let the connection keep or drop it.',
        )
    }
  }
  for (const { path, rule } of rulesIn(definition, given)) {
    // A filter may select several elements, and each step takes one.
    while (getAt(rest, path) !== undefined) apply(rule, path)
  }
  for (const name of Object.keys(rest)) apply(everyOther, topLevel(definition, name))

  for (const { path } of mapping.pairs) {
    const value = getAt(resource, path)
    if (value !== undefined) kept = setAt(kept, path, value)
  }
  return { kept, dropped }
}

/** Explicit rules, the longest and so most exact path first. */
function rulesIn(
  definition: ResourceDefinition,
  given: Readonly<Record<string, Rule>>,
): { path: Path; rule: Rule }[] {
  return Object.entries(given)
    .flatMap(([text, rule]) => {
      const path = text === '*' ? undefined : parsePath(definition, text, 'tolerant')
      return path && path.kind !== 'unknown' ? [{ path, rule }] : []
    })
    .sort((a, b) => printPath(b.path).length - printPath(a.path).length)
}

function topLevel(definition: ResourceDefinition, name: string): Path {
  const path = parsePath(definition, name, 'tolerant')
  if (path.kind === 'unknown') throw new Error('a resource holds an attribute of no schema')
  return path
}

/**
 * Splits off what policy does not speak of: what the app holds, what belongs to an element that it
 * holds (the `type` of a mapped address), what was there before, `externalId`, which is the
 * client's own name for the resource (RFC 7643 §3.1), and what the schema requires, as `active`.
 */
function withoutExempt(
  definition: ResourceDefinition,
  mapping: Mapping,
  resource: Resource,
  before: Resource,
): { rest: Resource; exempt: Resource } {
  let rest = mapping.unmapped(resource)
  let exempt: Resource = {}
  const exemptAt = (path: Path): void => {
    const value = getAt(rest, path)
    if (value === undefined) return
    exempt = setAt(exempt, path, value)
    rest = removeAt(rest, path)
  }
  for (const { path } of mapping.pairs) {
    if (path.kind !== 'attribute' || getAt(resource, path) === undefined) continue
    const whole = wholeOf(path)
    if (whole) exemptAt(whole)
    else if (path.filter) exemptAt({ ...path, ref: { ...path.ref, subAttribute: undefined } })
  }
  const held = mapping.unmapped(before)
  for (const name of Object.keys(rest)) {
    const isOurs = name === 'externalId' || definition.coreAttribute(name)?.required
    if (isOurs || same(rest[name], held[name])) exemptAt(topLevel(definition, name))
  }
  return { rest, exempt }
}
