/**
 * Fernhollow Desk where people are not there at once: `example-invite` is the app that invites them,
 * `example-async` the one that makes them by a job. What differs from `example` is here, and no more.
 */
import * as z from 'zod'
import { defineAdapter, type PollOutcome } from '../../src/adapter/contract.ts'
import type { HttpClient } from '../../src/adapter/http.ts'
import { accountSchema, duplicate, isGone, refuseInvalid, toUser } from './answers.ts'
import { example } from './index.ts'

const { User: USER, Group: GROUP } = example.resources

const invitationSchema = z.object({
  invitation_no: z.int(),
  state: z.enum(['open', 'accepted', 'withdrawn', 'expired']),
  account_no: z.int(),
  expires_on: z.string(),
})
const jobSchema = z.object({
  job_no: z.int(),
  state: z.enum(['running', 'done', 'failed']),
  account_no: z.int().nullable(),
})
const closedSchema = z.object({
  fault: z.object({ code: z.literal('E_CLOSED'), state: z.string() }),
})

export const exampleInvite = defineAdapter({
  ...example,
  name: 'example-invite',
  resources: {
    User: {
      ...USER,
      capabilities: { ...USER.capabilities, create: 'invite', pending: 'shown' },
    },
    Group: GROUP,
  },
  connect(kit) {
    const { http } = kit
    const { User, Group } = example.connect(kit)
    return {
      Group,
      User: {
        ...User,

        async create({ attributes }) {
          const response = await post(http, attributes)
          if (response.status === 409) return taken(duplicate(response).account_no)
          refuseInvalid(response, USER.attributes)
          if (response.status === 201) {
            return { kind: 'created', object: toUser(response.parse(accountSchema)) }
          }
          const { invitation, account } = response.parse(
            z.object({ invitation: invitationSchema, account: accountSchema }),
          )
          return {
            kind: 'invited',
            ticket: String(invitation.invitation_no),
            object: toUser(account),
            expiresAt: invitation.expires_on,
          }
        },

        async poll({ ticket }): Promise<PollOutcome> {
          const response = await http.call({
            method: 'GET',
            path: invitationPath(ticket),
            expect: [404],
          })
          if (isGone(response)) return { kind: 'failed' }
          const { state, account_no } = response.parse(invitationSchema)
          if (state === 'open') return { kind: 'running' }
          if (state !== 'accepted') return { kind: 'expired' }
          const object = await User.get(String(account_no))
          return object ? { kind: 'done', object } : { kind: 'failed' }
        },

        async cancel(ticket) {
          const path = invitationPath(ticket)
          const response = await http.call({ method: 'DELETE', path, expect: [404, 409] })
          if (isGone(response)) return { kind: 'gone' }
          if (response.status !== 409) return { kind: 'ok' }
          const { state } = response.parse(closedSchema).fault
          return { kind: state === 'accepted' ? 'gone' : 'unchanged' }
        },
      },
    }
  },
})

export const exampleAsync = defineAdapter({
  ...example,
  name: 'example-async',
  resources: {
    User: { ...USER, capabilities: { ...USER.capabilities, create: 'async' } },
    Group: GROUP,
  },
  connect(kit) {
    const { http } = kit
    const { User, Group } = example.connect(kit)
    return {
      Group,
      User: {
        ...User,

        async create({ attributes, active }) {
          const state = active === false ? 'suspended' : 'enabled'
          const response = await post(http, { ...attributes, state })
          if (response.status === 409) return taken(duplicate(response).account_no)
          refuseInvalid(response, USER.attributes)
          if (response.status === 201) {
            return { kind: 'created', object: toUser(response.parse(accountSchema)) }
          }
          const { job } = response.parse(z.object({ job: jobSchema }))
          return { kind: 'accepted', ticket: String(job.job_no) }
        },

        async poll({ ticket }): Promise<PollOutcome> {
          const path = `/api/jobs/${encodeURIComponent(ticket)}`
          const response = await http.call({ method: 'GET', path, expect: [404] })
          if (isGone(response)) return { kind: 'failed' }
          const { state, account_no } = response.parse(jobSchema)
          if (state === 'running') return { kind: 'running' }
          const object = account_no === null ? null : await User.get(String(account_no))
          return object ? { kind: 'done', object } : { kind: 'failed' }
        },
      },
    }
  },
})

const invitationPath = (no: string): string => `/api/invitations/${encodeURIComponent(no)}`

function post(http: HttpClient, json: Readonly<Record<string, unknown>>) {
  return http.call({ method: 'POST', path: '/api/accounts', json, expect: [409, 422] })
}

function taken(no: number | undefined): { kind: 'exists'; id?: string } {
  return { kind: 'exists', ...(no !== undefined && { id: String(no) }) }
}
