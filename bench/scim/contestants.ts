/** The same work through each library's own door. */

import { patchBodyValidation, type ScimPatch, type ScimResource, scimPatch } from 'scim-patch'
import { filter as filterOf, parse } from 'scim2-parse-filter'
import SCIMMY from 'scimmy'
import { matches } from '../../src/scim/match.ts'
import { parseFilter } from '../../src/scim/parse-filter.ts'
import { applyPatch, parsePatchOp } from '../../src/scim/patch.ts'
import type { JsonObject, ResourceDefinition } from '../../src/scim/schema.ts'
import { defineResources } from '../../src/scim/schemas.ts'

export interface FilterContestant {
  readonly name: string
  parse(text: string): unknown
  /** How many of the people match. */
  match(parsed: unknown, people: readonly JsonObject[]): number
}

export interface PatchContestant {
  readonly name: string
  /** Made once for each resource, outside the measurement. */
  prepare(resource: JsonObject): unknown
  /** The patched resource; the prepared one must stay as it is. */
  apply(prepared: unknown, message: JsonObject): unknown | Promise<unknown>
}

function userDefinition(): ResourceDefinition {
  const definition = defineResources().get('User')
  if (!definition) throw new Error('no User')
  return definition
}

const user = userDefinition()

export const FILTER_CONTESTANTS: readonly FilterContestant[] = [
  {
    name: 'postern',
    parse: (text) => parseFilter(user, text, 'tolerant'),
    match: (parsed, people) => {
      const filter = parsed as ReturnType<typeof parseFilter>
      return people.filter((person) => matches(filter, person)).length
    },
  },
  {
    name: 'scimmy',
    parse: (text) => new SCIMMY.Types.Filter(text),
    match: (parsed, people) =>
      (parsed as InstanceType<typeof SCIMMY.Types.Filter>).match([...people]).length,
  },
  {
    name: 'scim2-parse-filter',
    parse: (text) => parse(text),
    match: (parsed, people) => people.filter(filterOf(parsed as ReturnType<typeof parse>)).length,
  },
]

export const PATCH_CONTESTANTS: readonly PatchContestant[] = [
  {
    name: 'postern',
    prepare: ({ id: _, meta: __, schemas: ___, ...resource }) => resource,
    apply: (prepared, message) =>
      applyPatch(user, prepared as JsonObject, parsePatchOp(message, 'tolerant'), 'tolerant')
        .resource,
  },
  {
    name: 'scimmy',
    prepare: (resource) => new SCIMMY.Schemas.User(structuredClone(resource)),
    apply: async (prepared, message) => {
      const resource = prepared as InstanceType<typeof SCIMMY.Schemas.User>
      // It answers nothing where nothing changed, so the resource itself stands for that.
      const patch = new SCIMMY.Messages.PatchOp(structuredClone(message) as never)
      return (await patch.apply(resource)) ?? resource
    },
  },
  {
    name: 'scim-patch',
    prepare: (resource) => resource,
    apply: (prepared, message) => {
      const body = message as unknown as ScimPatch
      patchBodyValidation(body)
      const resource = prepared as unknown as ScimResource
      return scimPatch(resource, body.Operations, { mutateDocument: false })
    },
  },
]
