/** How calls show the credential, by the security schemes of an API file. */
import { isObject } from '../openapi/shape.ts'

type Json = Readonly<Record<string, unknown>>

export interface ProposedAuth {
  readonly auth: unknown
  readonly config: Readonly<Record<string, Json>>
  /** What stands for the credential in the curl lines of the questions. */
  readonly curl: string
}

const ASK_AUTH = `? How does the app take a credential? Write one of { "kind": "bearer", "secret": "token" }, { "kind": "basic", "user": "{config.user}", "secret": "password" }, { "kind": "header", "name": "X-Api-Key", "secret": "token" }, { "kind": "query", ... }, { "kind": "oauth2", ... }, { "kind": "login", ... } (docs/manifest.md), and declare the secret in "config"`

const ORDER = ['apiKey:header', 'http:bearer', 'http:basic', 'basic', 'oauth2', 'apiKey:query']

export function proposeAuth(schemes: Readonly<Record<string, Json>>): ProposedAuth {
  const ranked = Object.values(schemes)
    .map((scheme) => ({ scheme, rank: ORDER.indexOf(kindOf(scheme)) }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => a.rank - b.rank)
  const [best, second] = ranked
  const proposed = best && authOf(best.scheme)
  if (!proposed) return { auth: ASK_AUTH, config: {}, curl: 'Authorization: ...' }
  if (!second) return proposed
  const others = ranked.slice(1).map(({ scheme }) => kindOf(scheme).replace(':', ' in '))
  const guess = `The file names other ways as well (${others.join(', ')}). Which one is meant for a program that runs for years?`
  return { ...proposed, auth: { '?': guess, ...(proposed.auth as Json) } }
}

function kindOf(scheme: Json): string {
  const type = String(scheme['type'])
  if (type === 'http') return `http:${String(scheme['scheme']).toLowerCase()}`
  return type === 'apiKey' ? `apiKey:${String(scheme['in'])}` : type
}

const token = { label: 'API token', secret: true }

function authOf(scheme: Json): ProposedAuth | undefined {
  const name = String(scheme['name'] ?? '')
  switch (kindOf(scheme)) {
    case 'http:bearer':
      return bearer
    case 'apiKey:header':
      if (name.toLowerCase() !== 'authorization') {
        const auth = { kind: 'header', name, secret: 'token' }
        return { auth, config: { token }, curl: `${name}: ...` }
      }
      return {
        auth: {
          kind: 'header',
          name,
          secret: 'token',
          prefix: `? What stands before the token in the header Authorization? Write "Bearer ", "Token " or the like with its blank, or "" for nothing`,
        },
        config: { token },
        curl: 'Authorization: ...',
      }
    case 'http:basic':
    case 'basic':
      return {
        auth: { kind: 'basic', user: '{config.user}', secret: 'password' },
        config: {
          user: { label: 'Name of an administrator' },
          password: { label: 'Password of the administrator', secret: true },
        },
        curl: "Authorization: Basic $(printf '%s' 'admin:password' | base64)",
      }
    case 'apiKey:query':
      return {
        auth: { kind: 'query', name, secret: 'token' },
        config: { token },
        curl: `X-Unused: add ${name}=... to each address`,
      }
    case 'oauth2':
      return oauth(scheme)
    default:
      return undefined
  }
}

const bearer: ProposedAuth = {
  auth: { kind: 'bearer', secret: 'token' },
  config: { token },
  curl: 'Authorization: Bearer ...',
}

/** Only client credentials need nobody to sign in. */
function oauth(scheme: Json): ProposedAuth | undefined {
  const flows = isObject(scheme['flows']) ? scheme['flows'] : {}
  const flow = flows['clientCredentials'] ?? (scheme['flow'] === 'application' ? scheme : undefined)
  if (!isObject(flow)) return bearer
  const url = String(flow['tokenUrl'] ?? '')
  const isWhole = /^https:\/\/[a-z0-9.-]+(\/[A-Za-z0-9\-._~/]*)?$/.test(url)
  return {
    auth: {
      kind: 'oauth2',
      tokenUrl: isWhole
        ? url
        : `? Where are tokens got? Write "{config.url}/..." or "https://...". The file says "${url}"`,
      clientId: '{config.clientId}',
      secret: 'clientSecret',
    },
    config: {
      clientId: { label: 'Client id' },
      clientSecret: { label: 'Client secret', secret: true },
    },
    curl: 'Authorization: Bearer ...',
  }
}
