/**
 * Requests that were refused or failed, by what has to be done about them: a group for each remedy. Pure.
 */

interface Remedy {
  readonly title: string
  /** Who does what. */
  readonly todo: string
}

export const REMEDIES = {
  taken: {
    title: 'A name is taken',
    todo:
      'Two people, or an account that nobody manages, want one name. Find the other one (the audit, the people ' +
      'of the connection), and give one of them another name in the source directory, or remove the account ' +
      'in the app. The next cycle then goes through.',
  },
  value: {
    title: 'A value is missing or not accepted',
    todo:
      'Map the named attribute in the client (Entra: Provisioning, Mappings), or fill it in for these people in ' +
      'the source directory. postern mapping try shows what the app would get.',
  },
  schema: {
    title: 'What the client sends does not fit the schema',
    todo:
      'Compare the attribute mapping of the client with what the connection has (the connection, Connect ' +
      'Entra): correct the name there, or declare the extension and map it here.',
  },
  seats: {
    title: 'The app has no seat left',
    todo: 'Free or buy seats in the app. The next cycle then goes through.',
  },
  blocked: {
    title: 'The app refuses changes of some accounts',
    todo: 'Settle in the app what these accounts still own, or whatever it says of them.',
  },
  'no-create': {
    title: 'The app lets nobody be created',
    todo: 'Make these accounts in the app; they are then found by the match rules.',
  },
  members: {
    title: 'A group names somebody who is not known here',
    todo:
      'Assign the members to the application in the source directory as well, so that they are provisioned ' +
      'before their group; groups within groups are not for this app.',
  },
  rate: {
    title: 'The client sends more than the connection takes',
    todo: 'Raise limits.requestsPerSecond in the policy of the connection, or slow the client down.',
  },
  scope: {
    title: 'The token of the client only reads',
    todo: 'Make a token that writes (postern tokens new), and enter it in the client.',
  },
  size: {
    title: 'A request is too large',
    todo: 'Send fewer operations or members in one request; docs/security.md has the limits.',
  },
  failed: {
    title: 'Requests failed for a reason that is ours',
    todo: 'Look in the log of the gateway under the id of the request, and report what it says.',
  },
} as const satisfies Readonly<Record<string, Remedy>>
export type RefusalGroup = keyof typeof REMEDIES

/** By `reasonOf`. What is not here is a finding or a mode, passes by itself, or was meant. */
const GROUPS: Readonly<Record<string, RefusalGroup>> = {
  taken: 'taken',
  uniqueness: 'taken',
  conflict: 'taken',
  'app-conflict': 'taken',
  'app-invalid': 'value',
  'invalid-value': 'value',
  mutability: 'schema',
  'invalid-path': 'schema',
  'invalid-syntax': 'schema',
  'invalid-filter': 'schema',
  'no-target': 'schema',
  'media-type': 'schema',
  'app-limit': 'seats',
  'app-blocked': 'blocked',
  'no-create': 'no-create',
  'unknown-member': 'members',
  'nested-group': 'members',
  rate: 'rate',
  'read-only-token': 'scope',
  'not-allowed': 'scope',
  'too-large': 'size',
  failed: 'failed',
}

/** A wrong read asks for something that no schema has. */
export function refusalGroup(reason: string, isWrite: boolean): RefusalGroup | undefined {
  const group = Object.hasOwn(GROUPS, reason) ? GROUPS[reason] : undefined
  return group === 'value' && !isWrite ? 'schema' : group
}

/** Codes of this group, as the audit has them. */
export function reasonsOf(group: RefusalGroup): readonly string[] {
  return Object.keys(GROUPS).filter((reason) => GROUPS[reason] === group)
}
