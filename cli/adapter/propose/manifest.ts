/** A manifest as far as an API file can say it. */
import type { ApiDocument } from '../openapi/document.ts'
import { proposeAuth } from './auth.ts'
import { type Collection, findCollection } from './collection.ts'
import { proposeMembership } from './membership.ts'
import * as questions from './questions.ts'
import { proposeResource } from './resource.ts'

type Json = Readonly<Record<string, unknown>>

export interface Proposal {
  readonly manifest: Json
  /** What was found, a line each. */
  readonly found: readonly string[]
  /** For the curl lines of the questions. */
  readonly curl: { readonly app: string; readonly auth: string }
}

/** @returns undefined where the file shows no people */
export function proposeManifest(name: string, api: ApiDocument): Proposal | undefined {
  const users = findCollection(api, 'User')
  if (!users) return undefined
  const groups = findCollection(api, 'Group')
  const { auth, config, curl } = proposeAuth(api.security)
  const settings = new Set<string>()
  const note = (names: readonly string[]) => {
    for (const one of names) settings.add(one)
  }
  const call: questions.Curl = (method, path, body) => {
    const how = method === 'GET' ? '' : ` -X ${method}`
    const data = body === undefined ? '' : ` -d '${body}'`
    return `curl -s${how} -H "$AUTH"${data} "$APP${path}"`
  }
  const User = proposeResource('User', api.operations, users, call, note)
  const Group = groups && proposeResource('Group', api.operations, groups, call, note)
  const membership =
    groups &&
    Group &&
    proposeMembership(
      api,
      groups,
      users,
      {
        shown: Group.shown,
        item: Group.item,
        update: Group.update,
        personId: String(User.resource['id']),
      },
      note,
    )
  const about: questions.About = {
    kind: 'User',
    curl: call,
    list: users.list,
    get: users.get,
    create: users.create,
    naming: User.attributes.naming,
  }
  const manifest: Json = {
    contract: 1,
    name,
    version: '0.1.0',
    ...(api.title !== '' && { title: api.title }),
    config: {
      url: { label: 'Base URL', kind: 'url', help: 'For example https://app.example.com' },
      ...config,
      ...Object.fromEntries(
        [...settings].map((one) => [one, { label: `"${one}" of the API's paths` }]),
      ),
    },
    base: `{config.url}${api.basePath}`,
    auth,
    rules: [questions.absent(about)],
    check: questions.check(about),
    resources: {
      User: User.resource,
      ...(Group && { Group: { ...Group.resource, ...(membership && { membership }) } }),
    },
  }
  return {
    manifest,
    found: [
      ...summary('people', users, User.attributes.unused),
      ...(groups && Group ? summary('groups', groups, Group.attributes.unused) : ['groups   none']),
    ],
    curl: { app: `https://...${api.basePath}`, auth: curl },
  }
}

function summary(what: string, found: Collection, unused: readonly string[]): string[] {
  const verbs = (['list', 'get', 'create', 'update', 'remove'] as const).flatMap((verb) => {
    const operation = found[verb]
    return operation ? [`${verb} ${operation.method} ${operation.path}`] : []
  })
  const rest = questions.notMapped(unused)
  return [
    ...verbs.map((verb, i) => `${(i === 0 ? what : '').padEnd(8)} ${verb}`),
    ...(rest === undefined ? [] : [`${''.padEnd(8)} not mapped: ${rest}`]),
  ]
}
