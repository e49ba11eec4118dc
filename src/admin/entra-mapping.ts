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

/** `Switch([IsSoftDeleted], ...)` is what Entra's own default has for `active`. */
const EXPRESSIONS: Readonly<Record<string, string>> = {
  active: 'Switch([IsSoftDeleted], , "False", "True", "True", "False")',
}
/** Identity providers and Postern need them, whatever the app holds. */
const ALWAYS = ['userName', 'active', 'externalId']
/** The app's mapping seldom names an id that never changes, and a rename must not lose a person. */
const SOURCES: Readonly<Record<string, string>> = { externalId: 'objectId' }

/** @param mapped what the app is told of people, by SCIM path; 'any': all of it */
export function attributesForEntra(
  mapped: Readonly<Record<string, MappingEntry>> | 'any',
  match: readonly { readonly scim: string }[],
): { readonly people: readonly EntraAttribute[]; readonly groups: readonly EntraAttribute[] } {
  const isMapped = (path: string) =>
    mapped === 'any' ||
    Object.keys(mapped).some((key) => sameWords(key, path) || tells(mapped, key, path))
  const first = match[0]?.scim ?? 'userName'
  const people = Object.entries(DEFAULT_MAPPING)
    .filter(([path]) => isMapped(path) || ALWAYS.includes(path) || sameWords(path, first))
    .map(
      ([target, [source = '']]): EntraAttribute => ({
        source: SOURCES[target] ?? source,
        target,
        isMatching: sameWords(target, first),
        inApp: isMapped(target) || target === 'active',
      }),
    )
  const groups = Object.entries(GROUP).map(
    ([target, source]): EntraAttribute => ({
      ...{ source, target, isMatching: target === 'displayName', inApp: true },
    }),
  )
  return { people, groups }
}

/** An expression that reads the attribute. */
function tells(mapped: Readonly<Record<string, MappingEntry>>, key: string, path: string): boolean {
  const entry = mapped[key]
  if (typeof entry !== 'object' || !('from' in entry)) return false
  return (entry.from ?? '').includes(path)
}

const sameWords = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

/** As Graph has it. */
export function toObjectMappings(attributes: ReturnType<typeof attributesForEntra>) {
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
      mapping('Group', 'urn:ietf:params:scim:schemas:core:2.0:Group', attributes.groups),
    ],
  }
}

function sourceOf(name: string, expression: string | undefined) {
  return expression === undefined
    ? { expression: `[${name}]`, name, type: 'Attribute', parameters: [] }
    : { expression, name: 'Switch', type: 'Function', parameters: [] }
}
