/** What Fernhollow Desk answers: rows, and refusals in its own words. */
import * as z from 'zod'
import type { Attributes, NativeObject } from '../../src/adapter/contract.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import type { HttpResponse } from '../../src/adapter/http.ts'

const text = z.string().nullable()
export const accountSchema = z.object({
  account_no: z.int(),
  login: z.string(),
  first_name: text,
  last_name: z.string(),
  mail: text,
  job_title: text,
  org_unit: text,
  phone: text,
  role: z.string(),
  state: z.enum(['enabled', 'suspended', 'invited']),
  invitation_no: z.int().optional(),
  created_on: z.string(),
  updated_on: z.string(),
})
export const teamSchema = z.object({
  team_no: z.int(),
  title: z.string(),
  note: text,
  created_on: z.string(),
})
export const memberSchema = z.object({ account_no: z.int() })
export const addedSchema = z.object({ added: z.boolean() })
export const removedSchema = z.object({ removed: z.boolean() })
export const switchedSchema = z.object({ changed: z.boolean(), account: accountSchema })
const faultSchema = z.object({
  fault: z.object({
    code: z.string(),
    what: z.string().optional(),
    field: z.string().optional(),
    fields: z.array(z.string()).optional(),
    account_no: z.int().optional(),
    team_no: z.int().optional(),
  }),
})
type Fault = z.infer<typeof faultSchema>['fault']

export function toUser(row: z.infer<typeof accountSchema>): NativeObject {
  const { account_no, state, invitation_no, created_on, updated_on, ...fields } = row
  return {
    id: String(account_no),
    attributes: present(fields),
    active: state !== 'suspended',
    fingerprint: created_on,
    createdAt: created_on,
    modifiedAt: updated_on,
    ...(invitation_no !== undefined && { ticket: String(invitation_no) }),
  }
}

export function toGroup(row: z.infer<typeof teamSchema>): NativeObject {
  const { team_no, created_on, ...fields } = row
  return {
    id: String(team_no),
    attributes: present(fields),
    fingerprint: created_on,
    createdAt: created_on,
  }
}

function present(fields: Attributes): Attributes {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}

/**
 * What the app says is missing. A 404 without its own words, or for the address itself (`E_ROUTE`),
 * comes from a wrong base URL: believing it would bury every link of the connection.
 */
export function missing(response: HttpResponse): string | undefined {
  const { code, what } = response.parse(faultSchema).fault
  if (code !== 'E_NOT_FOUND') throw response.misunderstood()
  return what
}

export function isGone(response: HttpResponse): boolean {
  if (response.status !== 404) return false
  missing(response)
  return true
}

export function duplicate(response: HttpResponse): Fault {
  const { fault } = response.parse(faultSchema)
  if (fault.code !== 'E_DUPLICATE') throw response.misunderstood()
  return fault
}

/** Names that the app gives back count only where they are ours. */
function known(names: readonly (string | undefined)[], attributes: object): string[] {
  return names.filter((name) => name !== undefined && Object.hasOwn(attributes, name)) as string[]
}

export function refuseConflict(response: HttpResponse, attributes: object): void {
  if (response.status !== 409) return
  throw new AdapterFailure('conflict', 'the app holds this value already', {
    effect: 'none',
    attributes: known([duplicate(response).field], attributes),
  })
}

export function refuseInvalid(response: HttpResponse, attributes: object): void {
  if (response.status !== 422) return
  const { fault } = response.parse(faultSchema)
  throw new AdapterFailure('invalid', 'the app refuses a value', {
    effect: 'none',
    attributes: known(fault.fields ?? [], attributes),
  })
}
