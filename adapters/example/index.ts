/**
 * `example`: Fernhollow Desk, the legacy app of `examples/legacy-app`. A whole adapter against a
 * plain REST API with page numbers, an on/off switch and single memberships: a model to start from.
 */
import * as z from 'zod'
import { type Attributes, defineAdapter } from '../../src/adapter/contract.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import type { HttpClient, HttpResponse } from '../../src/adapter/http.ts'
import {
  accountSchema,
  addedSchema,
  duplicate,
  isGone,
  memberSchema,
  missing,
  refuseConflict,
  refuseInvalid,
  removedSchema,
  switchedSchema,
  teamSchema,
  toGroup,
  toUser,
} from './answers.ts'
import { findAll, list, MAX_PAGE, pageOf } from './paging.ts'

const accounts = pageOf(accountSchema)
const teams = pageOf(teamSchema)
const members = pageOf(memberSchema)

const USER = {
  attributes: {
    login: { type: 'string', write: 'always', required: true, unique: true, clearable: false },
    first_name: { type: 'string', write: 'always' },
    last_name: { type: 'string', write: 'always', required: true, clearable: false },
    mail: { type: 'string', write: 'always' },
    job_title: { type: 'string', write: 'always' },
    org_unit: { type: 'string', write: 'always' },
    phone: { type: 'string', write: 'always' },
    role: { type: 'string', write: 'always', caseExact: true, clearable: false },
  },
  naming: 'login',
  capabilities: {
    lookups: [
      { attribute: 'login', exact: true, caseExact: false, includesInactive: true, lagMs: 0 },
      { attribute: 'mail', exact: true, caseExact: false, includesInactive: true, lagMs: 0 },
    ],
    list: { maxPage: MAX_PAGE, order: 'stable', skip: true },
    create: 'sync',
    update: 'delta',
    active: 'native',
    remove: 'hard',
    membership: 'none',
    idsReused: false,
    neverProtected: true,
    idempotencyKey: false,
  },
  mapping: {
    userName: 'login',
    'name.givenName': 'first_name',
    'name.familyName': 'last_name',
    'emails[type eq "work"].value': 'mail',
    title: 'job_title',
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department': 'org_unit',
    'phoneNumbers[type eq "work"].value': 'phone',
  },
} as const

const GROUP = {
  attributes: {
    title: { type: 'string', write: 'always', required: true, unique: true, clearable: false },
    note: { type: 'string', write: 'always' },
  },
  naming: 'title',
  capabilities: {
    lookups: [
      { attribute: 'title', exact: true, caseExact: false, includesInactive: true, lagMs: 0 },
    ],
    list: { maxPage: MAX_PAGE, order: 'stable', skip: true },
    create: 'sync',
    update: 'delta',
    active: 'none',
    remove: 'hard',
    membership: 'add-remove',
    idsReused: false,
    neverProtected: true,
    idempotencyKey: false,
  },
  mapping: { displayName: 'title' },
} as const

export const example = defineAdapter({
  name: 'example',
  contract: 1,
  version: '1.0.0',
  settings: z.strictObject({ url: z.url({ protocol: /^https?$/ }) }),
  secrets: ['apiKey'],
  baseUrl: ({ url }) => url,
  headers: ({ secret }) => ({ 'X-Desk-Key': secret('apiKey') }),
  resources: { User: USER, Group: GROUP },

  connect({ http }) {
    return {
      User: {
        async get(id) {
          const response = await http.call({ method: 'GET', path: account(id), expect: [404] })
          return isGone(response) ? null : toUser(response.parse(accountSchema))
        },
        find: (attribute, value) =>
          findAll(http, '/api/accounts', { [attribute]: value }, accounts, toUser),
        list: (page) => list(http, '/api/accounts', page, accounts, toUser),

        async create({ attributes, active }) {
          const response = await http.call({
            method: 'POST',
            path: '/api/accounts',
            json: { ...attributes, state: active === false ? 'suspended' : 'enabled' },
            expect: [409, 422],
          })
          if (response.status === 409) {
            return exists(duplicate(response).account_no)
          }
          refuseInvalid(response, USER.attributes)
          return { kind: 'created', object: toUser(response.parse(accountSchema)) }
        },

        async update(id, { set, unset }) {
          const response = await patch(http, account(id), set, unset)
          if (isGone(response)) return { kind: 'gone' }
          refuseConflict(response, USER.attributes)
          refuseInvalid(response, USER.attributes)
          return { kind: 'ok', object: toUser(response.parse(accountSchema)) }
        },

        async setActive(id, active) {
          const path = `${account(id)}/${active ? 'enable' : 'suspend'}`
          const response = await http.call({ method: 'POST', path, expect: [404] })
          if (isGone(response)) return { kind: 'gone' }
          const switched = response.parse(switchedSchema)
          if (!switched.changed) return { kind: 'unchanged' }
          return { kind: 'ok', object: toUser(switched.account) }
        },

        remove: (id) => remove(http, account(id)),
      },

      Group: {
        async get(id) {
          const response = await http.call({ method: 'GET', path: team(id), expect: [404] })
          return isGone(response) ? null : toGroup(response.parse(teamSchema))
        },
        find: (attribute, value) =>
          findAll(http, '/api/teams', { [attribute]: value }, teams, toGroup),
        list: (page) => list(http, '/api/teams', page, teams, toGroup),

        async create({ attributes }) {
          const response = await http.call({
            method: 'POST',
            path: '/api/teams',
            json: attributes,
            expect: [409, 422],
          })
          if (response.status === 409) return exists(duplicate(response).team_no)
          refuseInvalid(response, GROUP.attributes)
          return { kind: 'created', object: toGroup(response.parse(teamSchema)) }
        },

        async update(id, { set, unset }) {
          const response = await patch(http, team(id), set, unset)
          if (isGone(response)) return { kind: 'gone' }
          refuseConflict(response, GROUP.attributes)
          refuseInvalid(response, GROUP.attributes)
          return { kind: 'ok', object: toGroup(response.parse(teamSchema)) }
        },

        remove: (id) => remove(http, team(id)),

        members: (id, page) =>
          list(http, `${team(id)}/people`, page, members, ({ account_no }) => ({
            type: 'User',
            id: String(account_no),
          })),

        // One in a call: `members.batch` is not declared.
        async addMembers(id, [member]) {
          if (!member) return { kind: 'unchanged' }
          const path = person(id, member)
          const response = await http.call({ method: 'PUT', path, expect: [404] })
          if (response.status === 404) {
            return missing(response) === 'account'
              ? { kind: 'gone', what: 'member' }
              : { kind: 'gone' }
          }
          return { kind: response.parse(addedSchema).added ? 'ok' : 'unchanged' }
        },

        async removeMembers(id, [member]) {
          if (!member) return { kind: 'unchanged' }
          const path = person(id, member)
          const response = await http.call({ method: 'DELETE', path, expect: [404] })
          if (isGone(response)) return { kind: 'gone' }
          const { removed } = response.parse(removedSchema)
          return { kind: removed ? 'ok' : 'unchanged' }
        },
      },
    }
  },
})

const account = (id: string): string => `/api/accounts/${encodeURIComponent(id)}`
const team = (id: string): string => `/api/teams/${encodeURIComponent(id)}`

function person(group: string, member: { type: string; id: string }): string {
  if (member.type !== 'User') {
    throw new AdapterFailure('invalid', 'a team holds accounts only', { effect: 'none' })
  }
  return `${team(group)}/people/${encodeURIComponent(member.id)}`
}

function exists(no: number | undefined): { kind: 'exists'; id?: string } {
  return { kind: 'exists', ...(no !== undefined && { id: String(no) }) }
}

function patch(
  http: HttpClient,
  path: string,
  set: Attributes,
  unset: readonly string[],
): Promise<HttpResponse> {
  const cleared = Object.fromEntries(unset.map((name) => [name, null]))
  return http.call({
    method: 'PATCH',
    path,
    json: { ...set, ...cleared },
    expect: [404, 409, 422],
  })
}

async function remove(http: HttpClient, path: string): Promise<{ kind: 'ok' | 'gone' }> {
  const response = await http.call({ method: 'DELETE', path, expect: [404] })
  return { kind: isGone(response) ? 'gone' : 'ok' }
}
