/**
 * The people of one app, as an adapter. It speaks the API of the app in
 * examples/legacy-app; replace what is between the lines by yours.
 */
import { type Attributes, defineAdapter, type NativeObject } from 'postern/adapter'
import { AdapterFailure } from 'postern/adapter/failure'
import type { HttpResponse } from 'postern/adapter/http'
import * as z from 'zod'

// ---- what the app answers -------------------------------------------------------------------------

const text = z.string().nullable()
const accountSchema = z.object({
  account_no: z.int(),
  login: z.string(),
  first_name: text,
  last_name: z.string(),
  mail: text,
  state: z.enum(['enabled', 'suspended', 'invited']),
  created_on: z.string(),
})
const faultSchema = z.object({
  fault: z.object({ code: z.string(), account_no: z.int().optional() }),
})

function toObject(row: z.infer<typeof accountSchema>): NativeObject {
  const { account_no, state, created_on, ...fields } = row
  const held = Object.entries(fields).filter(([, value]) => value !== null)
  return {
    id: String(account_no),
    attributes: Object.fromEntries(held) as Attributes,
    active: state !== 'suspended',
    fingerprint: created_on,
  }
}

/** A 404 is "no such account" only in the app's own words: a wrong base URL answers 404, too. */
function isGone(response: HttpResponse): boolean {
  if (response.status !== 404) return false
  if (response.parse(faultSchema).fault.code === 'E_NOT_FOUND') return true
  throw response.misunderstood()
}

function refuse(response: HttpResponse): void {
  if (response.status !== 409 && response.status !== 422) return
  const code = response.status === 409 ? 'conflict' : 'invalid'
  throw new AdapterFailure(code, 'the app refuses a value', { effect: 'none', answered: true })
}

// ---- what it can do -------------------------------------------------------------------------------

const MAX_PAGE = 50
const account = (id: string) => `/api/accounts/${encodeURIComponent(id)}`

export const oakDesk = defineAdapter({
  name: 'oak-desk',
  contract: 1,
  version: '1.0.0',
  settings: z.strictObject({ url: z.url({ protocol: /^https?$/ }) }),
  secrets: ['apiKey'],
  baseUrl: ({ url }) => url,
  headers: ({ secret }) => ({ 'X-Desk-Key': secret('apiKey') }),
  resources: {
    User: {
      attributes: {
        login: { type: 'string', write: 'always', required: true, unique: true, clearable: false },
        first_name: { type: 'string', write: 'always' },
        last_name: { type: 'string', write: 'always', required: true, clearable: false },
        mail: { type: 'string', write: 'always' },
      },
      naming: 'login',
      capabilities: {
        lookups: [
          { attribute: 'login', exact: true, caseExact: false, includesInactive: true, lagMs: 0 },
        ],
        list: { maxPage: MAX_PAGE, order: 'stable', skip: false },
        create: 'sync',
        update: 'delta',
        active: 'native',
        remove: 'hard',
        membership: 'none',
        idsReused: false,
        idempotencyKey: false,
      },
      mapping: {
        userName: 'login',
        'name.givenName': 'first_name',
        'name.familyName': 'last_name',
        'emails[type eq "work"].value': 'mail',
      },
    },
  },

  connect({ http }) {
    const page = async (query: Readonly<Record<string, string | number>>) => {
      const response = await http.call({ method: 'GET', path: '/api/accounts', query })
      return response.parse(z.object({ rows: z.array(accountSchema), count: z.int() }))
    }
    return {
      User: {
        async get(id) {
          const response = await http.call({ method: 'GET', path: account(id), expect: [404] })
          return isGone(response) ? null : toObject(response.parse(accountSchema))
        },
        async find(attribute, value) {
          const { rows } = await page({ [attribute]: value, page: 1, per_page: MAX_PAGE })
          return rows.map(toObject)
        },
        async list({ pageSize, cursor }) {
          // The size stays that of the first page, or pages would not line up.
          const [size = 0, number = 1] = cursor?.split(':').map(Number) ?? [
            Math.min(pageSize, MAX_PAGE),
          ]
          const { rows, count } = await page({ page: number, per_page: size })
          const isLast = number * size >= count || rows.length === 0
          return {
            items: rows.map(toObject),
            total: count,
            ...(!isLast && { next: `${size}:${number + 1}` }),
          }
        },
        async create({ attributes, active }) {
          const response = await http.call({
            method: 'POST',
            path: '/api/accounts',
            json: { ...attributes, state: active === false ? 'suspended' : 'enabled' },
            expect: [409, 422],
          })
          if (response.status === 409) {
            const { account_no } = response.parse(faultSchema).fault
            return { kind: 'exists', ...(account_no !== undefined && { id: String(account_no) }) }
          }
          refuse(response)
          return { kind: 'created', object: toObject(response.parse(accountSchema)) }
        },
        async update(id, { set, unset }) {
          const cleared = Object.fromEntries(unset.map((name) => [name, null]))
          const response = await http.call({
            method: 'PATCH',
            path: account(id),
            json: { ...set, ...cleared },
            expect: [404, 409, 422],
          })
          if (isGone(response)) return { kind: 'gone' }
          refuse(response)
          return { kind: 'ok', object: toObject(response.parse(accountSchema)) }
        },
        async setActive(id, active) {
          const path = `${account(id)}/${active ? 'enable' : 'suspend'}`
          const response = await http.call({ method: 'POST', path, expect: [404] })
          return { kind: isGone(response) ? 'gone' : 'ok' }
        },
        async remove(id) {
          const response = await http.call({ method: 'DELETE', path: account(id), expect: [404] })
          return { kind: isGone(response) ? 'gone' : 'ok' }
        },
      },
    }
  },
})
