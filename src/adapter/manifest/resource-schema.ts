/** What a manifest says of one resource type: its attributes, and the request for each verb. */
import * as z from 'zod'
import { membership } from './membership-schema.ts'
import { fact, pager, pointer, request, scalar } from './request-schema.ts'

export const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/, {
  message: 'must be 1 to 64 of letters, digits, "_" and "-", and begin with a letter or "_"',
})
const MAX_ATTRIBUTES = 200

/** JavaScript's own names must not become keys of ours. */
export function few<T extends z.ZodType>(key: z.ZodString, value: T, most: number) {
  return z.record(key, value).refine((record) => Object.keys(record).length <= most, {
    message: `must not hold more than ${most} members`,
  })
}

const attribute = z.strictObject({
  type: z.enum(['string', 'number', 'boolean', 'datetime', 'object']).default('string'),
  at: pointer.optional().meta({ description: "Default: a member of the attribute's own name" }),
  writeAt: pointer.optional().meta({ description: 'Where it is written otherwise than read' }),
  multiValued: z.boolean().optional(),
  each: pointer.optional().meta({ description: 'Of a list: where in each element the value is' }),
  write: z.enum(['never', 'create', 'always']).default('always'),
  required: z.boolean().optional(),
  caseExact: z.boolean().optional(),
  alike: z
    .array(z.tuple([z.string().max(20)], z.string().min(1).max(20)))
    .min(1)
    .max(20)
    .optional()
    .meta({
      description:
        'Texts that are one to the app where it compares: [[" ", "_"]] where "ann_b" is "ann b"',
    }),
  unique: z.boolean().optional(),
  clearable: z.boolean().optional(),
  verifiedBy: name.optional(),
  clear: z
    .union([scalar, z.null()])
    .default(null)
    .meta({ description: 'What is sent to clear it; read back, it is no value' }),
  values: z
    .array(z.strictObject({ app: z.union([scalar, z.null()]), is: scalar }))
    .min(1)
    .max(200)
    .optional()
    .meta({ description: "The app's word for each value; all others pass as they are" }),
  where: z.array(fact).min(1).max(10).optional().meta({
    description: 'Of a list that holds other things too: which elements are this attribute',
  }),
  element: z
    .record(z.string().min(1).max(100), z.json())
    .optional()
    .meta({ description: 'A new element of that list, with {value}; the others stay as they are' }),
  form: z
    .string()
    .max(500)
    .regex(/\{value\}/, 'must place {value}')
    .optional()
    .meta({ description: 'The longer text in which the app has it: "@{value}:{config.host}"' }),
  as: z
    .enum(['string', 'number'])
    .optional()
    .meta({ description: 'The JSON type in which the app wants it, where it is not "type"' }),
})
export type AttributeDeclaration = z.output<typeof attribute>

const returns = z.union([
  z.enum(['object', 'nothing', 'location']),
  z.strictObject({ item: pointer }),
  z.strictObject({ id: pointer }),
  z
    .strictObject({ lookup: name, at: pointer.optional() })
    .meta({ description: 'Found by this look-up: of what was sent, or of what the answer shows' }),
])
export type Returns = z.output<typeof returns>

const object = z.json().optional().meta({
  description:
    'What {item} is as an object, where the app shows it otherwise: { "name": "{item}" }',
})

const list = request.extend({
  items: pointer.default('').meta({ description: 'Where in the answer the list is' }),
  pager: pager.default({ kind: 'none' }),
  maxPage: z.int().min(1).max(1_000).default(100),
  order: z
    .enum(['stable', 'unstable'])
    .default('unstable')
    .meta({ description: 'stable: a walk meets each object once, although others change' }),
  partial: z
    .boolean()
    .default(false)
    .meta({ description: 'true: items lack something that "get" shows, and are read one by one' }),
  object,
  parts: z
    .array(
      z.strictObject({
        query: z.record(z.string(), z.union([scalar, z.array(scalar).max(50)])),
        assume: z
          .array(z.strictObject({ at: pointer, is: scalar }))
          .max(20)
          .default([]),
      }),
    )
    .min(1)
    .max(10)
    .optional()
    .meta({
      description:
        'One walk after the other, where no list shows all. "assume": what every item of a part is',
    }),
})
export type ListSpec = z.output<typeof list>

const lookup = request.extend({
  attribute: name,
  items: pointer.optional().meta({ description: 'Default: as in "list"' }),
  item: pointer.optional().meta({
    description: 'Instead, where the app answers with one object: where it is. Nobody is "absent"',
  }),
  pager: pager.optional().meta({ description: 'Default: as in "list", if its places are there' }),
  partial: z.boolean().default(false),
  object,
  exact: z.boolean().meta({ description: 'false: it finds parts of a value too' }),
  caseExact: z.boolean(),
  includesInactive: z.boolean().meta({ description: 'false: it hides disabled accounts' }),
  lagMs: z
    .int()
    .min(0)
    .max(3_600_000)
    .meta({ description: 'How long a new object may be missing; 0 only if it never is' }),
})
export type LookupSpec = z.output<typeof lookup>

const constant = z.union([scalar, z.array(scalar).max(100)])
/** The shape alone: whether it can work is the business of whoever checks mappings. */
export const mappingEntry = z.strictObject({
  app: name.optional(),
  from: z.string().min(1).max(4_000).optional(),
  value: constant.optional(),
  values: z.record(z.string().max(200), scalar).optional(),
  default: constant.optional(),
  apply: z.enum(['always', 'create']).optional(),
  clear: z.enum(['null', 'empty', 'keep']).optional(),
})

const word = z.union([scalar, z.null()])

export const resource = z.strictObject({
  id: pointer.meta({ description: 'Where the native id of an object is' }),
  idType: z
    .enum(['string', 'number'])
    .default('string')
    .meta({ description: 'number: ids are placed in JSON as numbers' }),
  fingerprint: pointer
    .optional()
    .meta({ description: 'A fact that never changes, such as the time of creation' }),
  createdAt: pointer.optional(),
  modifiedAt: pointer.optional(),
  ticket: pointer.optional().meta({ description: 'Of an object that is an open invitation' }),
  protected: z
    .array(fact)
    .max(20)
    .default([])
    .meta({ description: 'An object that meets one of these refuses every write' }),
  absentWhen: z
    .array(fact)
    .max(20)
    .default([])
    .meta({ description: 'An object that meets one of these is as good as gone: a deleted one' }),
  attributes: few(name, attribute, MAX_ATTRIBUTES),
  naming: name.meta({ description: 'What people sign in with, or groups go by' }),
  anchor: name.optional().meta({
    description:
      'Keeps the SCIM id: a create sends it there, and is found by it if its answer is lost',
  }),
  mapping: z.record(z.string().min(1).max(300), z.union([name, mappingEntry])).meta({
    description: 'SCIM path to attribute, as docs/mapping.md has it; a connection may have its own',
  }),
  idsReused: z.boolean().meta({ description: 'true: an id may come to name another object later' }),
  get: request.extend({
    item: pointer.default(''),
    items: pointer.optional().meta({
      description: 'Where the app reads no single one: the whole list, of which it is one',
    }),
    object,
  }),
  list,
  lookups: z.array(lookup).max(20).default([]),
  active: z
    .strictObject({
      at: pointer,
      on: word.meta({ description: 'null: there is no value, as in "blocked_at"' }),
      off: z.union([word, z.array(word).min(1).max(20)]),
      otherwise: z
        .boolean()
        .optional()
        .meta({ description: 'What any other value is; absent: an answer nobody understands' }),
      enable: request.extend({ returns: returns.default('nothing') }),
      disable: request.extend({ returns: returns.default('nothing') }),
    })
    .optional(),
  create: request
    .extend({
      mode: z.enum(['sync', 'async', 'invite']).default('sync'),
      pending: z.enum(['shown', 'hidden']).optional(),
      password: z
        .strictObject({
          length: z.int().min(12).max(128).default(24),
          symbols: z
            .string()
            .regex(/^[!-/:-@[-`{-~]{0,32}$/, 'must be characters of ASCII, no letters or digits')
            .default('!#%*+-=?@_'),
        })
        .optional()
        .meta({ description: 'What {password} is made of: random, and kept by nobody' }),
      idempotencyKey: z.literal(true).optional().meta({ description: 'The request places {key}' }),
      id: name.optional().meta({
        description:
          'The attribute that becomes the native id (PUT apps): whoever has it is read first, and is never overwritten',
      }),
      returns: returns.default('object'),
    })
    .optional(),
  poll: request
    .extend({ id: pointer.optional().meta({ description: 'Of the account, once it is there' }) })
    .optional(),
  cancel: request.optional(),
  update: request
    .extend({
      send: z
        .enum(['changed', 'full'])
        .default('changed')
        .meta({ description: 'full: {attributes} is all that can be written, read before' }),
      returns: returns.default('nothing'),
    })
    .optional(),
  remove: request
    .extend({
      kind: z
        .enum(['hard', 'soft'])
        .meta({ description: 'soft: the object is out of sight, and still shown to "get"' }),
    })
    .optional(),
  membership: membership.default({ kind: 'none' }),
})
export type ResourceManifest = z.output<typeof resource>
