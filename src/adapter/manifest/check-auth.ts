/** Whether what a manifest says of its credential agrees with the rest of it. */
import { secretsOf } from './auth.ts'
import type { AuthSpec, StepSpec } from './auth-schema.ts'
import { parseBase } from './base.ts'
import {
  checkHeaders,
  checkPlaces,
  checkRequest,
  checkRule,
  type Fault,
  type Path,
} from './check-request.ts'
import type { Placed } from './request-schema.ts'
import { requestsOf } from './roles.ts'
import type { Manifest } from './schema.ts'
import { placeholdersIn } from './template.ts'

export function checkAuth(manifest: Manifest): readonly Fault[] {
  const { auth, csrf, certificate, config } = manifest
  const faults: Fault[] = []
  for (const name of secretsOf(auth)) {
    if (config[name]?.secret === true) continue
    const message = 'must be declared here with "secret": true: "auth" names it'
    faults.push({ path: ['config', name], message })
  }
  faults.push(
    ...checkPlaces(manifest, ['certificate'], certificate, []),
    ...checkKind(manifest, auth),
  )
  if (csrf) {
    const kept = Object.keys(csrf.keep)
    faults.push(
      ...checkStep(manifest, ['csrf'], csrf, []),
      ...checkPlaced(manifest, ['csrf', 'place'], csrf.place, kept),
    )
  }
  return [...faults, ...requestsOf(manifest).flatMap((one) => checkTokens(manifest, one))]
}

/** A request that says itself where the token of a write goes. */
function checkTokens(
  manifest: Manifest,
  { path, request }: ReturnType<typeof requestsOf>[number],
): readonly Fault[] {
  if (!request.csrf) return []
  const at = [...path, 'csrf']
  if (!manifest.csrf) {
    return [{ path: at, message: 'places what "csrf" of the manifest keeps: write that' }]
  }
  return checkPlaced(manifest, at, request.csrf, Object.keys(manifest.csrf.keep))
}

function checkKind(manifest: Manifest, auth: AuthSpec): readonly Fault[] {
  switch (auth.kind) {
    case 'basic':
      return checkPlaces(manifest, ['auth', 'user'], auth.user, [])
    case 'jwt':
      return checkSigned(manifest, ['auth'], auth)
    case 'oauth2':
      return checkOAuth(manifest, auth)
    case 'login': {
      const faults: Fault[] = []
      const kept: string[] = []
      for (const [i, step] of auth.steps.entries()) {
        faults.push(...checkStep(manifest, ['auth', 'steps', i], step, [...kept, 'secret']))
        kept.push(...Object.keys(step.keep))
      }
      faults.push(...checkPlaced(manifest, ['auth', 'place'], auth.place, kept))
      if (auth.place.length === 0 && !auth.cookies) {
        const message = 'must say where what was kept goes, or "cookies" must be true'
        faults.push({ path: ['auth', 'place'], message })
      }
      return faults
    }
    default:
      return []
  }
}

function checkSigned(
  manifest: Manifest,
  path: Path,
  { keyId, claims }: { readonly keyId?: string | undefined; readonly claims: object },
): readonly Fault[] {
  return [
    ...checkPlaces(manifest, [...path, 'keyId'], keyId, []),
    ...checkPlaces(manifest, [...path, 'claims'], claims, []),
  ]
}

function checkOAuth(
  manifest: Manifest,
  auth: Extract<AuthSpec, { kind: 'oauth2' }>,
): readonly Fault[] {
  const { assertion, clientId, grant, parameters, place, refresh, secret } = auth
  const faults: Fault[] = []
  const add = (member: string, message: string) => faults.push({ path: ['auth', member], message })
  const url = parseBase(auth.tokenUrl, manifest.config)
  if (!url.ok) add('tokenUrl', url.message)
  faults.push(
    ...checkPlaces(manifest, ['auth', 'clientId'], clientId, []),
    ...checkPlaces(manifest, ['auth', 'parameters'], parameters, []),
    ...(assertion ? checkSigned(manifest, ['auth', 'assertion'], assertion) : []),
  )
  const signs = grant === 'jwt_bearer' || place === 'private_key_jwt'
  if (signs && !assertion) add('assertion', 'must say how the token that is sent is signed')
  if (!signs && assertion)
    add('assertion', 'is of "grant": "jwt_bearer" or "place": "private_key_jwt"')
  if ((signs || place !== 'none') && secret === undefined) {
    add('secret', signs ? 'must name the key that signs' : 'must name the secret of the client')
  }
  if (grant !== 'jwt_bearer' && clientId === undefined) add('clientId', 'must say who asks')
  if (grant === 'jwt_bearer' && place !== 'basic' && place !== 'none') {
    add('place', 'is none with "jwt_bearer": the assertion itself shows who asks')
  }
  if ((grant === 'refresh_token') !== (refresh !== undefined)) {
    add('refresh', 'names the secret with the first refresh token, with "grant": "refresh_token"')
  }
  return faults
}

function checkStep(
  manifest: Manifest,
  path: Path,
  step: StepSpec,
  places: readonly string[],
): readonly Fault[] {
  const role = { places, verdicts: ['ok', 'fail'] } as const
  const faults = checkRequest(manifest, { role, path, request: step })
  const isSecret = placeholdersIn(step.path).some((name) => name.startsWith('secret.'))
  return [
    ...faults,
    ...(isSecret ? [{ path: [...path, 'path'], message: 'a secret has no place in a path' }] : []),
    ...step.rules.flatMap((rule, i) => checkRule([...path, 'rules', i], rule)),
  ]
}

function checkPlaced(
  manifest: Manifest,
  path: Path,
  placed: readonly Placed[],
  kept: readonly string[],
): readonly Fault[] {
  return placed.flatMap((one, i) => [
    ...checkPlaces(manifest, [...path, i, 'value'], one.value, kept),
    ...('header' in one ? checkHeaders([...path, i], { [one.header]: one.value }) : []),
    ...('at' in one && one.at === ''
      ? [{ path: [...path, i, 'at'], message: 'must lead to a member of the body' }]
      : []),
  ])
}
