/** How a manifest writes one call to the app, and what it makes of the answer. */
import * as z from 'zod'
import { parsePointer } from './pointer.ts'

/** Longest template; a GraphQL document is the largest thing in a manifest. */
const MAX_TEXT = 8_192
const MAX_RULES = 40

export const pointer = z
  .string()
  .max(256)
  .refine((text) => parsePointer(text) !== undefined, {
    message: 'must be a JSON Pointer (RFC 6901) such as "/user/id", or "" for the whole body',
  })
  .meta({ description: 'JSON Pointer (RFC 6901): "/user/id"; "" is the whole body' })

export const scalar = z.union([z.string().max(1_000), z.number(), z.boolean()])

export const template = z.string().max(MAX_TEXT).meta({
  description: 'Text in which {id}, {value}, {config.name} and the like are replaced by values',
})

const status = z.union([z.int().min(100).max(599), z.enum(['2xx', '3xx', '4xx', '5xx'])])

/** What an answer must be for a rule to hold; all of it. */
const condition = z.strictObject({
  status: z.union([status, z.array(status).min(1).max(20)]).optional(),
  body: z
    .enum(['json', 'xml', 'empty', 'other'])
    .optional()
    .meta({ description: '"other" is a body that is not what the app "answers" in' }),
  at: pointer.optional().meta({ description: 'What equals, contains and exists are about' }),
  equals: z.union([scalar, z.null(), z.array(scalar).min(1).max(50)]).optional(),
  contains: z.string().min(1).max(200).optional().meta({
    description: 'A part of the text, or of one text of a list; letter case does not count',
  }),
  exists: z
    .boolean()
    .optional()
    .meta({ description: 'false: it is missing, or null, in something that is there' }),
})
export type Condition = z.output<typeof condition>

/** Conditions on an object of the app, which has no status. */
export const fact = condition.omit({ status: true, body: true }).required({ at: true })
export type Fact = z.output<typeof fact>

const FAIL_CODES = [
  'auth',
  'forbidden',
  'invalid',
  'conflict',
  'limit',
  'blocked',
  'rate',
  'unavailable',
  'timeout',
  'protocol',
] as const

/** In the app's answer: names of its own fields; or names of attributes, as they are. */
const blamed = z.union([pointer, z.array(z.string().min(1)).min(1).max(50)])

const verdict = z.union([
  z.enum([
    'ok',
    'unchanged',
    'absent',
    'empty',
    'memberAbsent',
    'stale',
    'occupied',
    'running',
    'done',
    'expired',
    'failed',
  ]),
  z.strictObject({ exists: z.strictObject({ id: pointer.optional() }) }),
  z.strictObject({
    invited: z.strictObject({
      ticket: pointer,
      item: pointer.optional(),
      expiresAt: pointer.optional(),
    }),
  }),
  z.strictObject({ accepted: z.strictObject({ ticket: pointer, item: pointer.optional() }) }),
  z.strictObject({
    fail: z.enum(FAIL_CODES),
    attributes: blamed.optional(),
    effect: z
      .enum(['none', 'unknown'])
      .default('none')
      .meta({ description: '"unknown": the app may have changed all the same' }),
  }),
])
export type Verdict = z.output<typeof verdict>

const rule = condition.extend({ means: verdict })
export type Rule = z.output<typeof rule>
export const rules = z.array(rule).max(MAX_RULES)

const json = z.json()
const text = z.union([template, z.number(), z.boolean()])
const texts = z.record(z.string().min(1).max(100), text)
/** A list, or a placeholder that is one, is the same name several times. */
export const repeatable = z.record(
  z.string().min(1).max(100),
  z.union([text, z.array(text).max(50)]),
)
export type Texts = z.output<typeof repeatable>

/** Anything else is refused: a sign-in page comes with 200. */
export const answers = z.enum(['json', 'xml'])

export const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'must be the name of a header')

/** Where what was kept goes in later calls. */
export const placed = z.union([
  z.strictObject({ header: headerName, value: z.string().max(500) }),
  z.strictObject({ query: z.string().min(1).max(64), value: z.string().max(500) }),
  z
    .strictObject({ at: pointer, value: z.string().max(500) })
    .meta({ description: 'Into the JSON, XML or form of the call' }),
])
export type Placed = z.output<typeof placed>

export const request = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  path: template.startsWith('/', 'must begin with "/": it is below "base"'),
  query: repeatable.optional(),
  headers: texts.optional(),
  body: z
    .union([
      z.strictObject({ json }),
      z.strictObject({ form: repeatable }),
      z
        .strictObject({
          xml: z.record(z.string().min(1).max(200), json),
          nil: z
            .enum(['nil', 'xsi:nil'])
            .optional()
            .meta({ description: 'The attribute of an element that is to be cleared' }),
        })
        .meta({
          description:
            'One element; "@name" is an attribute of it, "#text" its text, a list it repeated',
        }),
      z.strictObject({ graphql: z.string().max(MAX_TEXT), variables: json.optional() }),
    ])
    .optional()
    .meta({ description: 'In json, a string that is one placeholder becomes the value itself' }),
  answers: answers.optional().meta({ description: 'Default: "xml" beside an XML body' }),
  safe: z
    .boolean()
    .optional()
    .meta({ description: 'true for a POST that only reads: a failure leaves the app as it was' }),
  csrf: z
    .array(placed)
    .min(1)
    .max(5)
    .optional()
    .meta({ description: 'Of a write: where what "csrf" keeps goes, in place of what it says' }),
  rules: rules.default([]),
})
export type RequestSpec = z.output<typeof request>

const total = z
  .union([pointer, z.strictObject({ header: z.string().regex(/^[A-Za-z0-9-]{1,64}$/) })])
  .optional()

export const pager = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z
    .strictObject({
      kind: z.literal('page'),
      first: z.int().min(0).max(1).default(1),
      total,
    })
    .meta({ description: 'The request places {page} and {limit}' }),
  z
    .strictObject({
      kind: z.literal('offset'),
      first: z.int().min(0).max(1).default(0),
      total,
    })
    .meta({ description: 'The request places {offset} and {limit}' }),
  z
    .strictObject({
      kind: z.literal('cursor'),
      next: pointer,
      more: pointer.optional().meta({ description: 'Where this is false, the page is the last' }),
    })
    .meta({ description: 'The request places {cursor}' }),
  z
    .strictObject({
      kind: z.literal('link'),
      next: pointer.optional().meta({ description: 'Absent: the Link header, rel="next"' }),
    })
    .meta({
      description:
        'The app says the whole URL of the next page, or an object: what its query holds besides',
    }),
  z.strictObject({ kind: z.literal('keyset'), key: pointer }).meta({
    description: 'The request places {after}: the key of the last item of the page before',
  }),
])
export type Pager = z.output<typeof pager>

/** What a request must place for its pager; `limit` only where pages are counted by it. */
export const PAGER_PLACES = {
  none: [],
  page: ['page', 'limit'],
  offset: ['offset', 'limit'],
  cursor: ['cursor'],
  link: [],
  keyset: ['after'],
} as const satisfies Readonly<Record<Pager['kind'], readonly string[]>>
