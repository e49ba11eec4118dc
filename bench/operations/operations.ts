/** What is measured, each as requests of which no two are alike. */
import { GROUP_SIZES, GROUPS_OF_A_SIZE, loginOf } from './estate.ts'
import type { Sent } from './load.ts'

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

/** What the load knows of the gateway. */
export interface Estate {
  /** SCIM ids of people who are linked; `loginOf` tells the user name by place. */
  readonly linked: readonly string[]
  /** Places of people whom the app has and nobody has asked for yet. */
  readonly unseen: readonly [from: number, to: number]
  /** SCIM ids by size. */
  readonly groups: Readonly<Record<number, readonly string[]>>
  readonly request: (method: string, path: string, body?: unknown) => Sent
}

export interface Operation {
  readonly name: string
  /** `n` is another one for each request of the whole bench. */
  readonly make: (estate: Estate, n: number) => Sent
}

const matchOf = (name: string) => `/Users?filter=${encodeURIComponent(`userName eq "${name}"`)}`
const replace = (path: string, value: unknown) => ({
  schemas: [PATCH],
  Operations: [{ op: 'Replace', path, value }],
})
const personOf = (userName: string, n: number) => ({
  schemas: [USER, ENTERPRISE],
  externalId: `external-${userName}`,
  userName,
  active: true,
  displayName: `Robin Person ${n}`,
  name: { givenName: 'Robin', familyName: `Person ${n}` },
  emails: [{ type: 'work', primary: true, value: userName }],
  title: `Chef ${n}`,
  [ENTERPRISE]: { department: 'Kitchen' },
})

const linkedOf = ({ linked }: Estate, n: number): string => linked[n % linked.length] ?? ''
function unseenOf({ unseen: [from, to] }: Estate, n: number): string {
  if (from + n >= to) throw new Error('more people are asked for than the app has')
  return loginOf(from + n)
}

/** In this order: those at the end take people away. */
export const OPERATIONS: readonly Operation[] = [
  {
    name: 'match, a known person',
    make: ({ linked, request }, n) => request('GET', matchOf(loginOf(n % linked.length))),
  },
  {
    name: 'match, first seen',
    make: (estate, n) => estate.request('GET', matchOf(unseenOf(estate, 2 * n))),
  },
  {
    name: 'match, nobody',
    make: ({ request }, n) => request('GET', matchOf(`nobody.${n}@fernhollow.example`)),
  },
  { name: 'read', make: (estate, n) => estate.request('GET', `/Users/${linkedOf(estate, n)}`) },
  {
    name: 'create',
    make: ({ request }, n) => request('POST', '/Users', personOf(`new.${n}@fernhollow.example`, n)),
  },
  {
    name: 'create, adopts an account',
    make: (estate, n) => estate.request('POST', '/Users', personOf(unseenOf(estate, 2 * n + 1), n)),
  },
  {
    name: 'PATCH, changes nothing',
    make: (estate, n) =>
      estate.request('PATCH', `/Users/${linkedOf(estate, n)}`, replace('active', true)),
  },
  {
    name: 'PATCH, a change',
    make: (estate, n) =>
      estate.request('PATCH', `/Users/${linkedOf(estate, n)}`, replace('title', `Cook ${n}`)),
  },
  {
    name: 'PUT',
    make: (estate, n) => {
      const at = n % estate.linked.length
      const person = personOf(loginOf(at), n)
      return estate.request('PUT', `/Users/${estate.linked[at]}`, person)
    },
  },
  {
    name: 'list of 100',
    make: ({ linked, request }, n) => {
      const pages = Math.floor(linked.length / 100)
      return request('GET', `/Users?startIndex=${1 + 100 * (n % pages)}&count=100`)
    },
  },
  {
    name: 'group, read without members',
    make: ({ groups, request }, n) => {
      const ids = GROUP_SIZES.flatMap((size) => groups[size] ?? [])
      return request('GET', `/Groups/${ids[n % ids.length]}?excludedAttributes=members`)
    },
  },
  ...GROUP_SIZES.map((size) => ({
    name: `group of ${size.toLocaleString('en')}, one joins`,
    make: (estate: Estate, n: number) => {
      const value = [{ value: linkedOf(estate, n) }]
      const body = { schemas: [PATCH], Operations: [{ op: 'Add', path: 'members', value }] }
      const group = estate.groups[size]?.[n % GROUPS_OF_A_SIZE]
      return estate.request('PATCH', `/Groups/${group}`, body)
    },
  })),
  {
    name: 'disable',
    make: (estate, n) =>
      estate.request('PATCH', `/Users/${linkedOf(estate, n)}`, replace('active', false)),
  },
  {
    name: 'delete',
    make: (estate, n) => estate.request('DELETE', `/Users/${linkedOf(estate, n)}`),
  },
]
