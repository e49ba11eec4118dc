/** How a manifest says who is in a group, and how that is changed. */
import * as z from 'zod'
import { fact, pager, pointer, request } from './request-schema.ts'

const members = request.extend({
  items: pointer.default(''),
  pager: pager.default({ kind: 'none' }),
  maxPage: z.int().min(1).max(1_000).default(100),
  id: pointer,
  idIn: z
    .string()
    .max(500)
    .regex(/\{id\}/, 'must place {id}')
    .optional()
    .meta({ description: 'Where the id is shown in a longer text: "{config.url}/users/{id}"' }),
  edge: pointer.optional().meta({ description: 'The id of the membership itself: {edge}' }),
  revision: pointer.optional(),
  where: z
    .array(fact)
    .max(10)
    .default([])
    .meta({ description: 'Items that are no members fail it' }),
})
export type MembersSpec = z.output<typeof members>

const shape = {
  members,
  single: z.boolean().default(false),
}
export const membership = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('add-remove'),
    ...shape,
    batch: z.int().min(1).max(1_000).default(1),
    add: request,
    remove: request,
  }),
  z.strictObject({ kind: z.literal('replace-on-group'), ...shape, replace: request }),
  z.strictObject({
    kind: z.literal('replace-on-user'),
    ...shape,
    groupsOf: request.extend({
      items: pointer,
      id: pointer.default(''),
      revision: pointer.optional(),
    }),
    replace: request,
    fallback: z.string().min(1).max(200).optional().meta({
      description:
        'Text, or {config.name}: the group that takes whoever is in no other, where nobody may be in none',
    }),
  }),
])
export type MembershipSpec = z.output<typeof membership>
