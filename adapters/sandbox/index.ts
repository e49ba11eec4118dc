/**
 * `sandbox`: a complete directory with no app behind it, kept in D1 by Postern itself. It is the one
 * named exception of the contract (design decision 2): it is handed a document store, and holds
 * resources of whatever types its connection declares, attribute by attribute as they are.
 */
import * as z from 'zod'
import type {
  AnyPort,
  AttributeSpec,
  DeclaredType,
  DocumentStore,
  ResourceSpec,
} from '../../src/adapter/contract.ts'

export const name = 'sandbox'
export const settings = z.strictObject({})
export const secrets: readonly string[] = []

export function describe(declared: DeclaredType): ResourceSpec {
  const attributes: Record<string, AttributeSpec> = Object.fromEntries(
    declared.attributes.map(({ name, unique, caseExact }) => [
      name,
      { type: 'object', write: 'always', unique, caseExact },
    ]),
  )
  const naming = declared.attributes.find((a) => a.unique)?.name ?? 'externalId'
  return {
    attributes,
    naming,
    mapping: Object.fromEntries(declared.attributes.map((a) => [a.name, a.name])),
    capabilities: {
      // Every top-level string is indexed.
      lookups: declared.attributes
        .filter((a) => a.simple)
        .map((a) => ({
          attribute: a.name,
          exact: true,
          caseExact: a.caseExact,
          includesInactive: true,
          lagMs: 0,
        })),
      list: { maxPage: 1000, order: 'stable', skip: true },
      create: 'sync',
      update: 'delta',
      active: 'none',
      remove: 'hard',
      membership: 'none',
      idsReused: false,
      idempotencyKey: true,
    },
  }
}

export function connect(declared: DeclaredType, documents: DocumentStore): AnyPort {
  const type = declared.name
  const caseExact = new Map(declared.attributes.map((a) => [a.name, a.caseExact]))
  return {
    get: (id) => documents.get(type, id),
    find: (attribute, value) =>
      documents.find(type, attribute, value, caseExact.get(attribute) ?? false),
    list: (page) => documents.list(type, page),
    // The key is new for each create and the same for its retries: as an id it makes them one.
    create: async ({ attributes, idempotencyKey }) => ({
      kind: 'created',
      object: await documents.insert(type, idempotencyKey, attributes),
    }),
    update: async (id, delta) => {
      const object = await documents.update(type, id, delta)
      return object ? { kind: 'ok', object } : { kind: 'gone' }
    },
    remove: async (id) => ({ kind: (await documents.delete(type, id)) ? 'ok' : 'gone' }),
  }
}
