/** The manifest of an app that nothing is known of: every question, in the order in which they are answered. */
import type { ApiDocument, Operation } from '../openapi/document.ts'
import { UNKNOWN } from '../openapi/shape.ts'
import { type Proposal, proposeManifest } from './manifest.ts'

const operation = (method: Operation['method'], path: string): Operation => ({
  method,
  path,
  parameters: [],
  body: { kind: 'json', shape: UNKNOWN },
  answers: [],
})

/** What most apps have; the paths themselves are the first question. */
const USUAL: ApiDocument = {
  title: '',
  basePath: '/api',
  operations: [
    operation('GET', '/users'),
    operation('GET', '/users/{id}'),
    operation('POST', '/users'),
    operation('PUT', '/users/{id}'),
    operation('DELETE', '/users/{id}'),
  ],
  security: {},
}

const ASK_PATHS =
  'The paths here (/users, /users/{id}) are what many apps have. Put yours in their place, in get, list, create, update and remove, and take out what the app cannot do'

const ASK_GROUPS =
  'Does the app have groups, teams or roles? If so, add "Group" beside "User", made in the same way, with "membership" (docs/manifest.md, "Members of groups"); then take this line out'

export function skeleton(name: string): Proposal {
  const proposal = proposeManifest(name, USUAL)
  if (!proposal) throw new Error('the usual app has people')
  const { resources, ...rest } = proposal.manifest
  const { User } = resources as { User: object }
  return {
    ...proposal,
    found: [],
    manifest: { ...rest, resources: { '?': ASK_GROUPS, User: { '?': ASK_PATHS, ...User } } },
  }
}
