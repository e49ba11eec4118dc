/**
 * The manifest: an adapter written as data. It is checked as a whole, and what is wrong with it says
 * where (`path`) and what to write instead (`message`).
 */
import * as z from 'zod'
import { auth, csrf } from './auth-schema.ts'
import { checkManifest } from './check.ts'
import { answers, request, rules } from './request-schema.ts'
import { few, name, resource } from './resource-schema.ts'

const field = z
  .strictObject({
    label: z.string().min(1).max(200),
    help: z.string().max(1_000).optional(),
    secret: z.literal(true).optional().meta({
      description: 'Comes from "secrets" of the connection, and is placed by "auth" only',
    }),
    kind: z.enum(['text', 'url', 'host', 'label']).default('text').meta({
      description:
        'url: the whole base URL; host: a host name, with a port if need be; label: one part of one',
    }),
    default: z.string().max(1_000).optional(),
  })
  .meta({ description: 'What an administrator enters to connect one app' })
export type ConfigField = z.output<typeof field>

const headerName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header')
const limits = z
  .strictObject({
    perSecond: z.number().positive().max(10_000).optional(),
    concurrent: z.int().min(1).max(1_000).optional(),
    headers: z
      .strictObject({
        remaining: headerName
          .optional()
          .meta({ description: '0 in it makes a 403 one of too many calls' }),
        reset: headerName
          .optional()
          .meta({ description: 'When calls are taken again: seconds, a date or an epoch' }),
      })
      .optional(),
  })
  .meta({ description: 'How often the app may be called' })

export const shapeOfManifest = z.strictObject({
  $schema: z.string().max(500).optional(),
  contract: z.literal(1),
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, {
    message: 'must be 1 to 63 of a-z, 0-9 and "-", and begin with a letter',
  }),
  version: z.string().regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]{1,32})?$/, {
    message: 'must be a version such as "1.0.0"',
  }),
  status: z
    .literal('unverified')
    .optional()
    .meta({ description: 'Written from documentation, never tried against the running app' }),
  title: z.string().min(1).max(200).optional(),
  docs: z
    .url({ protocol: /^https$/ })
    .max(500)
    .optional(),
  config: few(name, field, 50),
  base: z.string().min(1).max(500).meta({
    description: '"{config.url}/api", or "https://{config.host}/api/v4": nothing else is called',
  }),
  allowHosts: z
    .array(
      z.string().regex(/^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d{1,5})?$/, {
        message: 'must be a host name in lower case such as "api.example.com" or "*.example.com"',
      }),
    )
    .min(1)
    .max(20)
    .optional()
    .meta({ description: 'Where the app may live; absent: where the connection says' }),
  auth,
  csrf: csrf.optional(),
  certificate: z.string().max(100).optional().meta({
    description: 'Text or {config.name}: binding of the certificate shown to the app (mTLS)',
  }),
  headers: z.record(z.string().min(1).max(64), z.string().max(1_000)).optional(),
  rules: rules.default([]),
  answers: answers.default('json').meta({ description: 'What the app answers in' }),
  limits: limits.optional(),
  check: request.optional().meta({
    description:
      'Asked before an empty answer of a look-up or list is believed: shows that the credential has its rights',
  }),
  resources: z.strictObject({ User: resource, Group: resource.optional() }),
})
export type Manifest = z.output<typeof shapeOfManifest>

/** What is stored, and what editors are told. */
export const manifestSchema = shapeOfManifest.superRefine((manifest, context) => {
  for (const { path, message } of checkManifest(manifest)) {
    context.addIssue({ code: 'custom', path: [...path], message })
  }
})
