/**
 * What to enter under "Attribute mapping" in Entra: its default mapping of people and groups, cut to what
 * this connection does something with. The form is that of Microsoft Graph's `objectMapping`
 * (https://learn.microsoft.com/graph/api/resources/synchronization-objectmapping). Pure.
 */
import type { MappingEntry } from '../adapter/mapping-entry.ts'
import { DEFAULT_MAPPING } from '../jobs/entra-export.ts'

export interface EntraAttribute {
  /** Attribute of Entra. */
  readonly source: string
  readonly target: string
  readonly isMatching: boolean
  /** False: Postern keeps it, and the app has no place for it. */
  readonly inApp: boolean
}

const GROUP: Readonly<Record<string, string>> = {
  displayName: 'displayName',
  externalId: 'objectId',
  members: 'members',
}

interface EntraExpression {
  readonly name: string
  readonly text: string
}

const EXPRESSIONS: Readonly<Record<string, EntraExpression>> = {
  // What Entra's own default has for it.
  active: {
    name: 'Switch',
    text: 'Switch([IsSoftDeleted], , "False", "True", "True", "False")',
  },
  // All roles each time: the set is the set (docs/mapping.md).
  roles: {
    name: 'AssertiveAppRoleAssignmentsComplex',
    text: 'AssertiveAppRoleAssignmentsComplex([appRoleAssignments])',
  },
}
/** Beside Entra's default mapping; it has no use for them in an app that has not. */
const BESIDE: Readonly<Record<string, string>> = {
  roles: 'appRoleAssignments',
}
/** Identity providers and Postern need them, whatever the app holds. */
const ALWAYS = ['userName', 'active', 'externalId']
/** The app's mapping seldom names an id that never changes, and a rename must not lose a person. */
const SOURCES: Readonly<Record<string, string>> = { externalId: 'objectId' }

/** What is entered under "Attribute mapping". */
export interface EntraMapping {
  readonly people: readonly EntraAttribute[]
  /** None: the app knows no groups. */
  readonly groups: readonly EntraAttribute[]
  /** SCIM paths that the app has a place for, and Entra's default mapping no source. */
  readonly withoutSource: readonly string[]
}

/**
 * @param mapped what the app is told of people, by SCIM path; 'any': all of it
 * @param hasGroups false: a mapping of groups would only fail
 */
export function attributesForEntra(
  mapped: Readonly<Record<string, MappingEntry>> | 'any',
  match: readonly { readonly scim: string }[],
  hasGroups: boolean,
): EntraMapping {
  const isMapped = (path: string) =>
    mapped === 'any' || Object.keys(mapped).some((key) => speaksOf(mapped, key, path))
  const sources = Object.entries(DEFAULT_MAPPING).map(([target, [source = '']]) => ({
    target,
    source: SOURCES[target] ?? source,
  }))
  const beside = Object.entries(BESIDE).flatMap(([target, source]) =>
    mapped !== 'any' && isMapped(target) ? [{ target, source }] : [],
  )
  const first = match[0]?.scim ?? ''
  // Without a matching attribute Entra takes no mapping at all.
  const matching = sources.find(({ target }) => sameWords(target, first))?.target ?? 'userName'
  const people = [...sources, ...beside]
    .filter(({ target }) => isMapped(target) || [...ALWAYS, matching].includes(target))
    .map(
      ({ target, source }): EntraAttribute => ({
        ...{ source, target, isMatching: target === matching },
        inApp: isMapped(target) || target === 'active',
      }),
    )
  const groups = Object.entries(GROUP).map(
    ([target, source]): EntraAttribute => ({
      ...{ source, target, isMatching: target === 'displayName', inApp: true },
    }),
  )
  const withoutSource = Object.keys(mapped === 'any' ? {} : mapped).filter(
    (key) => !key.startsWith('=') && !people.some(({ target }) => isSame(key, target)),
  )
  return { people, groups: hasGroups ? groups : [], withoutSource }
}

function speaksOf(
  mapped: Readonly<Record<string, MappingEntry>>,
  key: string,
  path: string,
): boolean {
  return isSame(key, path) || tells(mapped, key, path)
}

/** The mapping may speak of every element, or of their values, where Entra speaks of one or of the whole. */
function isSame(key: string, path: string): boolean {
  const whole = path.replace(/\[[^\]]*\]/, '')
  return [path, whole, `${path}.value`].some((one) => sameWords(key, one))
}

/** An expression that reads the attribute. */
function tells(mapped: Readonly<Record<string, MappingEntry>>, key: string, path: string): boolean {
  const entry = mapped[key]
  if (typeof entry !== 'object' || !('from' in entry)) return false
  return (entry.from ?? '').includes(path)
}

const sameWords = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

/** As Graph has it. */
export function toObjectMappings(attributes: EntraMapping) {
  const mapping = (name: string, target: string, all: readonly EntraAttribute[]) => ({
    enabled: true,
    flowTypes: 'Add, Update, Delete',
    name: `Provision Microsoft Entra ID ${name}s`,
    sourceObjectName: name,
    targetObjectName: target,
    attributeMappings: all.map(({ source, target: to, isMatching }) => ({
      defaultValue: '',
      exportMissingReferences: false,
      flowBehavior: 'FlowWhenChanged',
      flowType: 'Always',
      matchingPriority: isMatching ? 1 : 0,
      targetAttributeName: to,
      source: sourceOf(source, EXPRESSIONS[to]),
    })),
  })
  return {
    objectMappings: [
      mapping(
        'User',
        'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
        attributes.people,
      ),
      ...(attributes.groups.length > 0
        ? [mapping('Group', 'urn:ietf:params:scim:schemas:core:2.0:Group', attributes.groups)]
        : []),
    ],
  }
}

function sourceOf(name: string, expression: EntraExpression | undefined) {
  return expression === undefined
    ? { expression: `[${name}]`, name, type: 'Attribute', parameters: [] }
    : { expression: expression.text, name: expression.name, type: 'Function', parameters: [] }
}
