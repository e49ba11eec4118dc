/** An app that repeats whatever it is told: our credential and people, in every place of an answer. */
import type { Planted } from './planted.ts'

/** How it fails, or `good`; `echo`: it answers well, and its objects hold what it was told. */
export const WAYS = [
  ...(['400', '401', '403', '404', '409', '422', '429', '500', '503'] as const),
  ...(['redirect', 'html', 'cut', 'lost', 'thrown', 'wrong'] as const),
] as const
export type Way = (typeof WAYS)[number] | 'good' | 'echo'

export interface Sent {
  readonly url: string
  readonly headers: Headers
  readonly body: string
}

interface Row {
  id: string
  login: string
  [name: string]: unknown
}

/** @param handedOut what it gives for later calls */
export function openParrot(handedOut: Planted) {
  const rows = new Map<string, Row>()
  const sent: Sent[] = []
  const state: { way: Way; tokensToo: boolean; last: number } = {
    way: 'good',
    tokensToo: false,
    last: 100,
  }

  function fail(way: Way, told: string): Response {
    switch (way) {
      case 'redirect':
        return new Response(null, {
          status: 302,
          headers: { location: `https://elsewhere.example/?${encodeURIComponent(told)}` },
        })
      case 'html':
        return new Response(`<html><title>${told}</title></html>`)
      case 'cut':
        return new Response(JSON.stringify({ id: '1', login: told }).slice(0, -4))
      case 'lost':
        throw new TypeError(told)
      case 'thrown':
        throw told
      case 'wrong':
        return Response.json({ id: { told }, login: [told], rows: told })
      default: {
        const error = { code: told, message: told, errors: [{ path: told }] }
        return Response.json(error, {
          status: Number(way),
          headers: { 'retry-after': '3', 'www-authenticate': encodeURIComponent(told) },
        })
      }
    }
  }

  async function answer(input: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    const body = typeof init.body === 'string' ? init.body : ''
    sent.push({ url: input, headers, body })
    const told = JSON.stringify({ input, headers: [...headers], body })
    const { pathname, searchParams } = new URL(input)
    const method = init.method ?? 'GET'
    const isSignIn = pathname === '/token' || pathname === '/login'
    if (state.way !== 'good' && state.way !== 'echo' && (!isSignIn || state.tokensToo)) {
      return fail(state.way, told)
    }
    if (isSignIn) {
      const answer = { access_token: handedOut['access'], refresh_token: handedOut['refresh'] }
      const cookie = `sid=${handedOut['cookie']}; HttpOnly`
      return Response.json(
        { ...answer, token: handedOut['access'], expires_in: 3_600 },
        { headers: { 'set-cookie': cookie } },
      )
    }
    const id = pathname.split('/')[2]
    const shown = (row: Row) => Response.json(state.way === 'echo' ? { ...row, title: told } : row)
    if (id === undefined && method === 'GET') {
      const login = searchParams.get('login')
      const all = [...rows.values()].filter((row) => login === null || row.login === login)
      return Response.json(all)
    }
    if (id === undefined) {
      state.last += 1
      const row = { ...JSON.parse(body), id: String(state.last) }
      delete row.password
      rows.set(row.id, row)
      return shown(row)
    }
    const row = rows.get(id)
    if (!row) return Response.json({ error: 'no such person' }, { status: 404 })
    if (method === 'DELETE') {
      rows.delete(id)
      return new Response(null, { status: 204 })
    }
    if (method !== 'GET') Object.assign(row, JSON.parse(body), { id })
    return shown(row)
  }

  return { answer, sent, state, rows }
}

const request = (method: string, path: string, body?: unknown) => ({
  ...{ method, path },
  ...(body !== undefined && { body: { json: body } }),
})

/** A manifest for it that shows its credential in this way. */
export function parrotManifest(name: string, auth: object): object {
  return {
    contract: 1,
    name,
    version: '1.0.0',
    base: '{config.url}',
    config: {
      url: { label: 'URL', kind: 'url' },
      user: { label: 'User', default: 'gate' },
      key: { label: 'Key', secret: true },
    },
    auth,
    resources: {
      User: {
        id: '/id',
        idsReused: false,
        attributes: {
          login: { required: true, unique: true },
          first: {},
          last: {},
          mail: {},
          phone: {},
          title: {},
          password: {},
        },
        naming: 'login',
        mapping: {
          userName: 'login',
          'name.givenName': 'first',
          'name.familyName': 'last',
          'emails[type eq "work"].value': 'mail',
          'phoneNumbers[type eq "work"].value': 'phone',
          title: 'title',
          password: 'password',
        },
        get: {
          ...request('GET', '/people/{id}'),
          rules: [{ status: 404, at: '/error', equals: 'no such person', means: 'absent' }],
        },
        list: request('GET', '/people'),
        lookups: [
          {
            ...request('GET', '/people'),
            query: { login: '{value}' },
            ...{
              attribute: 'login',
              exact: true,
              caseExact: false,
              includesInactive: true,
              lagMs: 0,
            },
          },
        ],
        create: request('POST', '/people', '{attributes}'),
        update: request('PATCH', '/people/{id}', '{attributes}'),
        remove: { ...request('DELETE', '/people/{id}'), kind: 'hard' },
      },
    },
  }
}

const oauth = (more: object) => ({
  ...{ kind: 'oauth2', tokenUrl: '{config.url}/token', clientId: 'gate', secret: 'key' },
  ...more,
})

/** By the way in which the credential is shown. */
export const AUTHS: Readonly<Record<string, object>> = {
  bearer: { kind: 'bearer', secret: 'key' },
  basic: { kind: 'basic', user: '{config.user}', secret: 'key' },
  header: { kind: 'header', name: 'x-key', secret: 'key' },
  query: { kind: 'query', name: 'k', secret: 'key' },
  body: { kind: 'body', at: '/auth', secret: 'key' },
  jwt: { kind: 'jwt', algorithm: 'HS256', secret: 'key' },
  'client in the header': oauth({ place: 'basic' }),
  'client in the body': oauth({ place: 'body' }),
  'refresh token': {
    ...{ kind: 'oauth2', tokenUrl: '{config.url}/token', clientId: 'gate' },
    ...{ grant: 'refresh_token', place: 'none', refresh: 'key' },
  },
  login: {
    kind: 'login',
    steps: [
      {
        ...request('POST', '/login', { user: '{config.user}', password: '{secret.key}' }),
        keep: { token: '/token' },
      },
    ],
    cookies: true,
    place: [{ header: 'x-session', value: '{token}' }],
    ttlSeconds: 600,
  },
}
