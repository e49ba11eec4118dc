/**
 * `openldap`: a directory of people (inetOrgPerson) and groups (groupOfNames), by LDAP.
 * `openldap-without-lock`: the same where the directory has no password policy, and nobody can be
 * switched off: what a connection does then is its policy's (`deprovision.onInactive`).
 */
import { type Adapter, defineAdapter, type Kit } from '../../src/adapter/contract.ts'
import { anyOf, LOCKED_TIME } from './entries.ts'
import { type Branches, openGroups } from './groups.ts'
import { MAX_PAGE } from './paging.ts'
import { openPeople } from './people.ts'
import { type Settings, settingsSchema } from './settings.ts'
import { GROUP_CLASS } from './tree.ts'

const lookup = (attribute: string) =>
  ({ attribute, exact: true, caseExact: false, includesInactive: true, lagMs: 0 }) as const
const list = { maxPage: MAX_PAGE, order: 'stable', skip: false } as const

const USER = {
  attributes: {
    uid: { type: 'string', write: 'always', required: true, unique: true, clearable: false },
    cn: { type: 'string', write: 'always', required: true, clearable: false },
    sn: { type: 'string', write: 'always', required: true, clearable: false },
    givenName: { type: 'string', write: 'always' },
    displayName: { type: 'string', write: 'always' },
    mail: { type: 'string', multiValued: true, write: 'always' },
    telephoneNumber: { type: 'string', write: 'always' },
    mobile: { type: 'string', write: 'always' },
    title: { type: 'string', write: 'always' },
    departmentNumber: { type: 'string', write: 'always' },
    employeeNumber: { type: 'string', write: 'always' },
    employeeType: { type: 'string', write: 'always' },
    preferredLanguage: { type: 'string', write: 'always' },
  },
  naming: 'uid',
  capabilities: {
    lookups: [lookup('uid'), lookup('mail'), lookup('employeeNumber')],
    list,
    create: 'sync',
    update: 'delta',
    active: 'native',
    remove: 'hard',
    membership: 'none',
    idsReused: false,
    idempotencyKey: false,
  },
  mapping: {
    userName: 'uid',
    'name.givenName': 'givenName',
    'name.familyName': 'sn',
    displayName: 'displayName',
    // A person of a directory has a common name, whether or not somebody has thought of one.
    '=cn': {
      from: '$Coalesce(displayName, $Join(" ", name.givenName, name.familyName))',
    },
    'emails.value': 'mail',
    'phoneNumbers[type eq "work"].value': 'telephoneNumber',
    'phoneNumbers[type eq "mobile"].value': 'mobile',
    title: 'title',
    userType: 'employeeType',
    preferredLanguage: 'preferredLanguage',
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department': 'departmentNumber',
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber': 'employeeNumber',
  },
} as const

const USER_WITHOUT_LOCK = {
  ...USER,
  capabilities: { ...USER.capabilities, active: 'none' },
} as const

const GROUP = {
  attributes: {
    cn: { type: 'string', write: 'always', required: true, unique: true, clearable: false },
    description: { type: 'string', write: 'always' },
  },
  naming: 'cn',
  capabilities: {
    lookups: [lookup('cn')],
    list,
    create: 'sync',
    update: 'delta',
    active: 'none',
    remove: 'hard',
    membership: 'add-remove',
    members: { batch: 100, nested: true },
    idsReused: false,
    idempotencyKey: false,
  },
  mapping: { displayName: 'cn' },
} as const

function branchesOf(settings: Settings, hasLock: boolean): Branches {
  const isProtected = anyOf([settings.bindDn, ...settings.protected])
  return {
    User: {
      base: settings.peopleBase,
      objectClass: 'inetOrgPerson',
      attributes: USER.attributes,
      unique: ['uid', 'mail'],
      shown: { attributes: USER.attributes, isProtected, hasLock },
      beside: hasLock ? [LOCKED_TIME] : [],
    },
    Group: {
      base: settings.groupsBase,
      objectClass: GROUP_CLASS,
      attributes: GROUP.attributes,
      unique: ['cn'],
      shown: { attributes: GROUP.attributes, isProtected, hasLock: false },
      beside: [],
    },
  }
}

function connect({ settings, secret, ldap }: Kit<Settings>, hasLock: boolean) {
  const { bindDn, transport, groupsBase, placeholder, rdn } = settings
  const client = ldap({ dn: bindDn, password: secret('password'), transport })
  const branches = branchesOf(settings, hasLock)
  const groups = { base: groupsBase, placeholder }
  return {
    User: openPeople(client, branches.User, groups, rdn),
    Group: openGroups(client, branches, groups),
  }
}

const shared = {
  contract: 1,
  version: '1.0.0',
  settings: settingsSchema,
  secrets: ['password'],
  baseUrl: ({ url }) => url,
} as const satisfies Partial<Adapter<Settings>>

export const openldap = defineAdapter({
  ...shared,
  name: 'openldap',
  resources: { User: USER, Group: GROUP },
  connect: (kit) => connect(kit, true),
})

export const openldapWithoutLock = defineAdapter({
  ...shared,
  name: 'openldap-without-lock',
  resources: { User: USER_WITHOUT_LOCK, Group: GROUP },
  connect: (kit) => connect(kit, false),
})
