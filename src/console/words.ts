/** What stands on the pages for what the API has short names for. */
import type { ChannelView } from '../admin/alert-channels.ts'
import type { ClientView } from '../admin/clients.ts'
import type { FindingView } from '../admin/findings.ts'

type FindingKind = FindingView['kind']

interface Said {
  readonly title: string
  /** What it means, and who does what. */
  readonly advice: string
}

export const FINDINGS: Readonly<Record<FindingKind, Said>> = {
  ambiguous: {
    title: 'Several accounts match one person',
    advice: 'Say which account is theirs. Until then nothing is linked, and the client is refused.',
  },
  'id-reuse': {
    title: 'The app gave an id to somebody else',
    advice: 'If it is the same person, link the account again; if not, unlink it.',
  },
  'deleted-member': {
    title: 'A group names a person who was deleted',
    advice: 'The member is left out. Close this when the directory has caught up.',
  },
  'app-credential': {
    title: 'The app refuses our credentials',
    advice:
      'Renew the secret in the connection’s settings, or grant the rights that the adapter needs.',
  },
  'app-failing': {
    title: 'The app is down, slow or throttles us',
    advice: 'Look at the app. Clients are told to come again; this closes by itself.',
  },
  orphan: {
    title: 'Accounts that nobody manages',
    advice:
      'They are in the app alone. Protect those that are to stay, assign or remove the others.',
  },
  missing: {
    title: 'A linked account is gone from the app',
    advice: 'Unlink it: the client’s next cycle then finds or makes the person anew.',
  },
  drift: {
    title: 'Values were changed in the app',
    advice: 'Restore what the directory said, or ignore it.',
  },
  protected: {
    title: 'A protected account was to be changed',
    advice: 'Nothing was changed. Take the person out of scope, or take the protection away.',
  },
  'not-created': {
    title: 'An account did not come to be',
    advice: 'The invitation expired, or the app’s job failed. The client’s next cycle tries again.',
  },
  'alert-undelivered': {
    title: 'Nobody was reached by an alert',
    advice: 'Look at the channel: its address, and whether its receiver answers. Then test it.',
  },
  'mode-ended': {
    title: 'The mode of this connection has ended',
    advice: 'It is paused now. Set it to live when you have seen enough.',
  },
  reactivated: {
    title: 'Somebody was switched on in the app',
    advice: 'The directory had switched them off. Restore that, or ignore it.',
  },
  'member-blocked': {
    title: 'The app refuses a member of a group',
    advice: 'Mend what the app says about this account; it is tried again.',
  },
  guard: {
    title: 'The guard has stopped a wave of disables or deletes',
    advice:
      'Look at the scope in the directory first. Allow what is meant: it passes when the client tries again. Reject what is not.',
  },
  leaver: {
    title: 'Disabled for long',
    advice: 'Remove the accounts of those who will not come back.',
  },
  'not-removed': {
    title: 'The app refused to remove an account',
    advice: 'Something less was done, as the policy says. Remove it in the app if it must go.',
  },
}

export const DECISIONS: Readonly<Record<string, string>> = {
  link: 'Link this account',
  merge: 'Merge into this account',
  protect: 'Protect',
  unprotect: 'Take the protection away',
  unlink: 'Unlink',
  restore: 'Restore',
  allow: 'Allow all of them',
  reject: 'Reject all of them',
  ignore: 'Ignore',
  close: 'Close',
  reopen: 'Open again',
}

export const MODES: Readonly<Record<string, string>> = {
  live: 'Writes to the app.',
  observe: 'Reads, and refuses every write.',
  gate: 'Says what each write would do, and refuses it.',
  paused: 'Answers nobody.',
}

/** What a client of OAuth shows. */
export const CLIENT_KINDS: Readonly<Record<ClientView['kind'], string>> = {
  secret: 'client secret',
  assertion: 'signed assertion',
  token: 'tokens of its own provider',
}

/** Of a token or a client. */
export const scopeLabel = (scope: string): string =>
  scope === 'scim:read' ? 'read' : 'read and write'

export const CHANNEL_KINDS: Readonly<Record<ChannelView['kind'], string>> = {
  webhook: 'Webhook',
  slack: 'Slack',
  teams: 'Teams',
  email: 'E-mail',
}

const STEPS: readonly (readonly [number, string])[] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
]

/** `3 hours ago`, `in 2 days`. */
export function relative(iso: string, now: number): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000)
  const size = Math.abs(seconds)
  const [length, unit] = STEPS.find(([each]) => size >= each) ?? [1, 'second']
  if (length === 1) return seconds > 0 ? 'in less than a minute' : 'just now'
  const count = Math.round(size / length)
  const text = `${count} ${unit}${count === 1 ? '' : 's'}`
  return seconds > 0 ? `in ${text}` : `${text} ago`
}

/** What somebody, or a group, is called on the pages: the first of these that is known. */
export const nameOf = (one: {
  readonly userName?: string | null | undefined
  readonly display: string | null
  readonly nativeId?: string | null
  readonly id: string | null
}): string => one.userName ?? one.display ?? one.nativeId ?? one.id ?? ''

/** Of a resource type, RFC 7643 section 6: what people call them. */
export const typeLabel = (type: string): string =>
  type === 'User' ? 'People' : type === 'Group' ? 'Groups' : type

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`

/** `baseUrl`, `api_key`: as a label. */
export function labelOf(name: string): string {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/[-_.]+/g, ' ')
    .trim()
    .toLowerCase()
  const known = words.replaceAll(/\b(url|id|api|ssl|tls|dn|oauth)\b/g, (word) => word.toUpperCase())
  return known.charAt(0).toUpperCase() + known.slice(1)
}

/** `99.5 %`; rounded down, so that 100 % is all of them. */
export function percent(share: number | null): string {
  return share === null ? 'no requests' : `${Math.floor(share * 1000) / 10} %`
}
