/**
 * A manifest of an app that is a database: tables and columns instead of requests. What is wrong with
 * it says where and what to write instead, as with every manifest.
 */
import * as z from 'zod'
import { scalar } from '../manifest/request-schema.ts'
import { few, mappingEntry, name } from '../manifest/resource-schema.ts'
import { shapeOfManifest } from '../manifest/schema.ts'
import { isName } from '../sql/statement.ts'
import { checkTables } from './check.ts'

const MAX_ATTRIBUTES = 200

const column = z
  .string()
  .refine((text) => isName(text) && !text.includes('.'), {
    message: 'must be the name of a column: letters, digits, "_" and "$", in the case it has there',
  })
  .meta({ description: 'A column, in the letter case that it has in the database' })

const table = z
  .string()
  .refine(isName, { message: 'must be the name of a table, or "schema.table"' })
  .meta({ description: 'A table, or schema.table, in the letter case that it has' })

const constant = z.union([scalar, z.null(), z.strictObject({ is: z.enum(['now', 'uuid']) })])
export type Constant = z.output<typeof constant>
const constants = few(column, constant, 50)

/** One of the two: words for on and off, or a time since when it is off. */
const flag = z.strictObject({
  column,
  on: scalar.optional(),
  off: z.union([scalar, z.array(scalar).min(1).max(20)]).optional(),
  otherwise: z
    .boolean()
    .optional()
    .meta({ description: 'What any other value is; absent: an answer nobody understands' }),
  offSince: z
    .literal(true)
    .optional()
    .meta({ description: 'Instead of words: the column holds a time, and none while it is on' }),
})
export type Flag = z.output<typeof flag>

const attribute = z.strictObject({
  column: column.optional().meta({ description: "Default: the attribute's own name" }),
  type: z.enum(['string', 'number', 'boolean', 'datetime']).default('string'),
  write: z.enum(['never', 'create', 'always']).default('always'),
  required: z.boolean().optional(),
  caseExact: z
    .boolean()
    .default(false)
    .meta({ description: 'What the column compares by: false where letter case does not count' }),
  unique: z.boolean().optional(),
  clearable: z.boolean().optional(),
  verifiedBy: name.optional(),
  clear: z
    .union([scalar, z.null()])
    .default(null)
    .meta({ description: 'What is stored to clear it; read back, it is no value' }),
})
export type TableAttribute = z.output<typeof attribute>

const members = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('table'),
      table,
      group: column,
      member: column,
      set: constants.default({}).meta({ description: 'What else a new row holds' }),
    })
    .meta({ description: 'A row for each membership' }),
  z
    .strictObject({
      kind: z.literal('column'),
      column,
      none: z
        .union([scalar, z.null()])
        .default(null)
        .meta({ description: 'For who is in no group' }),
    })
    .meta({ description: "A column of the people's table: each is in one group at most" }),
])
export type MembersSpec = z.output<typeof members>

const resource = z.strictObject({
  table,
  id: z.strictObject({
    column,
    type: z.enum(['integer', 'uuid', 'text']),
    made: z.enum(['database', 'uuid']).default('database').meta({
      description: 'uuid: an insert gives one; database: the column does, or it is an attribute',
    }),
  }),
  where: few(column, scalar, 20)
    .default({})
    .meta({ description: 'Rows of others are not seen; new rows hold the same' }),
  fingerprint: column
    .optional()
    .meta({ description: 'A column that never changes, such as the time of creation' }),
  createdAt: column.optional(),
  modifiedAt: column.optional(),
  protected: z
    .array(z.strictObject({ column, is: scalar }))
    .max(20)
    .default([])
    .meta({ description: 'A row that meets one of these refuses every write' }),
  attributes: few(name, attribute, MAX_ATTRIBUTES),
  naming: name.meta({ description: 'What people sign in with, or groups go by' }),
  mapping: z.record(z.string().min(1).max(300), z.union([name, mappingEntry])).meta({
    description: 'SCIM path to attribute, as docs/mapping.md has it; a connection may have its own',
  }),
  lookups: z
    .array(name)
    .max(20)
    .meta({ description: 'Attributes that people are found by. Give each an index' }),
  idsReused: z.boolean().meta({ description: 'true: an id may come to name another row later' }),
  maxPage: z.int().min(1).max(1_000).default(100),
  anchor: name.optional().meta({ description: 'An attribute that keeps the SCIM id' }),
  active: flag.optional(),
  create: z.strictObject({ set: constants.default({}) }).optional(),
  update: z
    .strictObject({
      set: constants.default({}).meta({ description: 'What every change sets besides' }),
    })
    .optional(),
  remove: z
    .strictObject({
      kind: z.enum(['hard', 'soft']),
      mark: flag.optional().meta({
        description:
          'The row stays, and this says so. hard: it is not seen any more; soft: it is, switched off',
      }),
    })
    .optional(),
  members: members.optional(),
})
export type TableResource = z.output<typeof resource>

const head = shapeOfManifest.pick({
  $schema: true,
  contract: true,
  name: true,
  version: true,
  status: true,
  title: true,
  docs: true,
})

export const shapeOfTables = head.extend({
  kind: z.literal('sql'),
  dialect: z.enum(['postgres', 'mysql']).meta({ description: 'mysql: MariaDB too' }),
  reach: z.enum(['socket', 'hyperdrive']).default('socket').meta({
    description:
      'socket: the connection says "url" and "user", and holds the secret "password"; hyperdrive: "binding"',
  }),
  resources: z.strictObject({ User: resource, Group: resource.optional() }),
})
export type TablesManifest = z.output<typeof shapeOfTables>

export const tablesManifestSchema = shapeOfTables.superRefine((manifest, context) => {
  for (const { path, message } of checkTables(manifest)) {
    context.addIssue({ code: 'custom', path: [...path], message })
  }
})
