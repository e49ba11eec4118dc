/** How a manifest says that its calls show a credential. */
import * as z from 'zod'
import {
  answers,
  headerName,
  placed,
  pointer,
  repeatable,
  request,
  rules,
  template,
} from './request-schema.ts'

const secretName = z.string().min(1).max(64)
const ttlSeconds = z.int().min(10).max(86_400)
const prefix = z.string().max(64).default('')
const plain = z.string().max(500).meta({ description: 'Text, or {config.name}' })

const HMAC = ['HS256', 'HS384', 'HS512'] as const
const signedBy = {
  algorithm: z.enum([...HMAC, 'RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA']),
  encoding: z.enum(['text', 'hex', 'base64']).default('text').meta({
    description: 'Of the secret of HS256 and its like; other keys are PEM (PKCS #8) or JWK',
  }),
  keyId: plain.optional().meta({ description: 'The "kid" of the header' }),
  claims: z
    .record(z.string().min(1).max(100), z.json())
    .default({})
    .meta({ description: '"iss", "sub", "aud", "scope", ...; "iat", "exp" and "jti" are added' }),
}
const assertion = z.strictObject({
  ...signedBy,
  ttlSeconds: z.int().min(30).max(3_600).default(300),
})
export type AssertionSpec = z.output<typeof assertion>

/** What is kept of an answer: a value, a header, or a cookie. */
const source = z.union([
  pointer,
  z.strictObject({ header: headerName }),
  z.strictObject({ cookie: z.string().min(1).max(100) }),
])
const keptName = z.string().regex(/^(?!config$|secret$)[A-Za-z]\w{0,31}$/, {
  message: 'must be letters, digits and "_", and neither "config" nor "secret"',
})
const keep = z.record(keptName, source).refine((record) => Object.keys(record).length <= 10, {
  message: 'must not hold more than 10 members',
})
export type KeepSpec = z.output<typeof keep>

const step = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT']),
  path: template.startsWith('/', 'must begin with "/": it is below "base"'),
  query: repeatable.optional(),
  headers: request.shape.headers,
  body: request.shape.body,
  answers: answers.optional(),
  rules: rules.default([]),
  keep: keep.default({}),
})
export type StepSpec = z.output<typeof step>

export const csrf = step
  .extend({
    place: z.array(placed).min(1).max(5),
    per: z
      .enum(['session', 'write'])
      .default('session')
      .meta({ description: 'write: each token is good for one call' }),
    ttlSeconds: ttlSeconds.default(600),
  })
  .meta({ description: 'A token that is asked for before a write and sent with it' })
export type CsrfSpec = z.output<typeof csrf>

export const auth = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('bearer'), secret: secretName }),
  z.strictObject({ kind: z.literal('basic'), user: plain, secret: secretName }),
  z.strictObject({ kind: z.literal('header'), name: headerName, secret: secretName, prefix }),
  z.strictObject({ kind: z.literal('query'), name: z.string().min(1).max(64), secret: secretName }),
  z
    .strictObject({ kind: z.literal('body'), at: pointer, secret: secretName })
    .meta({ description: 'Into the JSON or XML of each call, as JSON-RPC and SOAP apps want it' }),
  z
    .strictObject({
      kind: z.literal('jwt'),
      secret: secretName,
      ...assertion.shape,
      header: headerName.default('authorization'),
      prefix: z.string().max(64).default('Bearer '),
    })
    .meta({ description: 'A token that is signed here, and sent as it is (RFC 7519)' }),
  z
    .strictObject({
      kind: z.literal('oauth2'),
      grant: z
        .enum(['client_credentials', 'refresh_token', 'jwt_bearer'])
        .default('client_credentials'),
      tokenUrl: z.string().min(1).max(500).meta({ description: 'A template, as "base"' }),
      clientId: plain.optional(),
      secret: secretName.optional().meta({ description: 'Of the client, or the key that signs' }),
      refresh: secretName.optional().meta({ description: 'The first refresh token' }),
      assertion: assertion
        .optional()
        .meta({ description: 'Of grant "jwt_bearer", or of place "private_key_jwt" (RFC 7523)' }),
      scope: z.string().max(500).optional(),
      parameters: z
        .record(z.string().min(1).max(64), plain)
        .optional()
        .meta({ description: 'Sent beside: "audience", "resource", ...' }),
      place: z
        .enum(['basic', 'body', 'none', 'private_key_jwt'])
        .default('basic')
        .meta({ description: 'How the client shows who it is' }),
      ttlSeconds: ttlSeconds.default(300).meta({ description: 'Where the app states no lifetime' }),
    })
    .meta({ description: 'A token of a token endpoint (RFC 6749 §4.4, §6; RFC 7523)' }),
  z
    .strictObject({
      kind: z.literal('login'),
      steps: z
        .array(step)
        .min(1)
        .max(5)
        .meta({ description: 'In this order; a later one may place what an earlier one kept' }),
      cookies: z
        .boolean()
        .default(false)
        .meta({ description: 'true: the cookies of the answers are sent with every later call' }),
      place: z.array(placed).max(5).default([]),
      ttlSeconds,
    })
    .meta({ description: 'Calls that sign in; {secret.name} has its place here alone' }),
])
export type AuthSpec = z.output<typeof auth>
