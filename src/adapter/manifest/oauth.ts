/** Access tokens of a token endpoint (RFC 6749, RFC 7523). */
import * as z from 'zod'
import type { HttpResponse } from '../http.ts'
import { signed } from './assertion.ts'
import type { AuthSpec } from './auth-schema.ts'
import { type AuthContext, basic, type Issued, refused, tokenOf } from './authorize.ts'
import { fillBase } from './base.ts'
import { digestOf } from './digest.ts'
import { type Grant, renewed } from './refresh.ts'
import type { Session } from './session.ts'
import { fillText } from './template.ts'

export type OAuth = Extract<AuthSpec, { kind: 'oauth2' }>

const answerSchema = z.object({
  access_token: z.string().min(1),
  // RFC 6749 §5.1 makes it a number; not every server has read that.
  expires_in: z.coerce.number().positive().optional(),
  refresh_token: z.string().min(1).optional(),
})

export function tokenUrl(auth: AuthSpec, settings: Readonly<Record<string, string>>) {
  return auth.kind === 'oauth2' ? fillBase(auth.tokenUrl, settings) : undefined
}

export async function accessToken(
  auth: OAuth,
  context: AuthContext,
  last: Session | undefined,
): Promise<Issued> {
  const { secret } = context
  switch (auth.grant) {
    case 'client_credentials': {
      const { access, ttlSeconds } = await grant(auth, context, {})
      return tokenOf(access, ttlSeconds)
    }
    case 'jwt_bearer': {
      const assertion = await assertionOf(auth, context, {})
      const { access, ttlSeconds } = await grant(auth, context, { assertion })
      return tokenOf(access, ttlSeconds)
    }
    case 'refresh_token': {
      const first = secret(auth.refresh ?? '')
      const { kept, http, settings } = context
      // What a token belongs to: another manifest for the same client keeps it.
      const origin = await digestOf([tokenUrl(auth, settings), clientId(auth, context), first])
      const ask = (refresh_token: string) => grant(auth, context, { refresh_token })
      return renewed({ http, kept, origin, first, refused: last?.kept['token'] }, ask)
    }
  }
}

const GRANTS = {
  client_credentials: 'client_credentials',
  refresh_token: 'refresh_token',
  jwt_bearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
} as const

async function grant(
  auth: OAuth,
  context: AuthContext,
  more: Readonly<Record<string, string>>,
): Promise<Grant> {
  const { http, settings } = context
  const url = new URL(tokenUrl(auth, settings) ?? '')
  const client = await clientOf(auth, context)
  const response = await http.at(url.origin).call({
    method: 'POST',
    path: url.pathname,
    safe: true,
    form: {
      grant_type: GRANTS[auth.grant],
      ...(auth.scope !== undefined && { scope: auth.scope }),
      ...Object.fromEntries(
        Object.entries(auth.parameters ?? {}).map(([name, template]) => [
          name,
          fillText(template, { config: settings }),
        ]),
      ),
      ...client.form,
      ...more,
    },
    headers: client.headers,
    expect: [400],
  })
  return grantOf(response, auth)
}

function grantOf(response: HttpResponse, auth: OAuth): Grant {
  // RFC 6749 §5.2: a refused client is 400 as often as 401.
  if (response.status === 400) throw refused()
  const { access_token, expires_in, refresh_token } = response.parse(answerSchema)
  return {
    access: access_token,
    ttlSeconds: expires_in ?? auth.ttlSeconds,
    refresh: refresh_token,
  }
}

function clientId({ clientId: id }: OAuth, { settings }: AuthContext): string | undefined {
  return id === undefined ? undefined : fillText(id, { config: settings })
}

interface Client {
  readonly form: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
}

/** RFC 6749 §2.3, RFC 7523 §2.2. */
async function clientOf(auth: OAuth, context: AuthContext): Promise<Client> {
  const { secret } = context
  const id = clientId(auth, context)
  const named = id === undefined ? {} : { client_id: id }
  const plain = () => secret(auth.secret ?? '')
  switch (auth.grant === 'jwt_bearer' ? 'none' : auth.place) {
    case 'none':
      return { form: named, headers: {} }
    case 'body':
      return { form: { ...named, client_secret: plain() }, headers: {} }
    case 'basic': {
      // RFC 6749 §2.3.1: both are form-encoded before they are joined.
      const [user, password] = [id ?? '', plain()].map(encodeURIComponent)
      return { form: {}, headers: { authorization: basic(user ?? '', password ?? '') } }
    }
    case 'private_key_jwt': {
      const subject = id === undefined ? {} : { iss: id, sub: id }
      const assertion = await assertionOf(auth, context, subject)
      const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
      const form = { ...named, client_assertion_type: type, client_assertion: assertion }
      return { form, headers: {} }
    }
  }
}

/** RFC 7523 §3: the audience is the token endpoint, unless the manifest says another. */
function assertionOf(
  auth: OAuth,
  { settings, secret, http, newId }: AuthContext,
  given: Readonly<Record<string, string>>,
): Promise<string> {
  if (!auth.assertion) throw new Error('the manifest has no assertion')
  const claims = { ...given, aud: tokenUrl(auth, settings) ?? '' }
  const context = { settings, newId, now: http.now() }
  return signed(auth.assertion, secret(auth.secret ?? ''), claims, context)
}
