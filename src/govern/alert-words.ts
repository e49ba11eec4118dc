/** What a notice says of each kind of alert: what happened, and what to do. Ids and numbers, no values. */
import type { AlertKind, Condition } from './alert-conditions.ts'

export interface Words {
  readonly title: string
  readonly happened: string
  readonly todo: string
  /** When it has ended. */
  readonly over: string
}

type Said = Pick<Condition, 'count' | 'detail'>

/** `n` of them, and not more exactly than they were counted. */
const many = (n: number, one: string, more: string): string =>
  n === 1 ? `1 ${one}` : `${n >= 1_000 ? '1000 or more' : n} ${more}`

const WORDS: Readonly<Record<AlertKind, (said: Said) => Words>> = {
  'client-quarantine': ({ detail }) => ({
    title: 'The client is near quarantine',
    happened: `${detail['failures']} of ${detail['operations']} requests (${detail['percent']} %) of the last day failed. Microsoft Entra ID stops a job at 40 % and 5,000 failures.`,
    todo: 'Look which requests fail and why (postern audit, the findings), and mend that before the next cycles.',
    over: 'Fewer requests fail.',
  }),
  'client-refused': ({ detail }) => ({
    title: 'The client is refused',
    happened: `No request of the last hour was let in, and ${detail['denied']} were refused: the token of the client is wrong or has expired. Microsoft Entra ID quarantines a job for that at once.`,
    todo: 'Make a new token (postern tokens new), enter it at the client, and test its connection.',
    over: 'The client is let in again.',
  }),
  'client-silent': ({ detail }) => ({
    title: 'The client is silent',
    happened: `Nothing was heard of the client for ${detail['hours']} hours.`,
    todo: 'Look whether provisioning is on and not in quarantine at the client, and whether something before the gateway refuses its requests.',
    over: 'The client is heard again.',
  }),
  'app-credential': () => ({
    title: 'The app refuses the credential',
    happened:
      'The app refuses the credential of the connection, or that cannot be read. Requests of the client are answered 503.',
    todo: 'Enter a credential that the app accepts in the settings of the connection.',
    over: 'The app accepts the credential again.',
  }),
  'app-failing': () => ({
    title: 'The app fails',
    happened: 'The app does not answer as it should. Requests of the client are answered 503.',
    todo: 'Look whether the app is up and reachable; what it fails with is in the finding.',
    over: 'The app answers again.',
  }),
  'circuit-open': () => ({
    title: 'Calls to the app are paused',
    happened:
      'The app has failed so often that it is called only now and then. Requests of the client are answered 503.',
    todo: 'Look whether the app is up and reachable. Calls begin again by themselves when it answers.',
    over: 'The app is called as before.',
  }),
  guard: ({ count }) => ({
    title: 'The guard holds people back',
    happened: `More people were to be disabled or deleted than the guard lets through (${many(count, 'finding', 'findings')}). They are parked, and nothing was done to them.`,
    todo: 'Decide whether they are meant: allow or reject the finding.',
    over: 'The guard holds nobody back.',
  }),
  ambiguous: ({ count }) => ({
    title: 'People match several accounts',
    happened: `${many(count, 'person matches', 'people match')} several accounts of the app, and nobody was linked on a guess.`,
    todo: 'Decide in each finding which account stands for the person.',
    over: 'Nobody matches several accounts any more.',
  }),
  orphans: ({ count, detail }) => ({
    title: 'More accounts that no client manages',
    happened: `${many(count, 'account', 'accounts')} of the app that no client manages came up within a day; there were ${detail['before']} before.`,
    todo: 'Look who makes accounts in the app past the client, and bring them under it, or protect them.',
    over: 'For a day no such accounts have come up.',
  }),
  'token-expiring': ({ detail }) => ({
    title: detail['days'] === 0 ? 'A token has expired' : 'A token expires',
    happened: `The token ${detail['token']} ${detail['days'] === 0 ? 'expired' : 'expires'} on ${detail['expiresAt']}. A client that goes on using it is refused.`,
    todo: 'Make a new token (postern tokens new), enter it at the client, and revoke this one.',
    over: 'The token is gone.',
  }),
  'client-secret-expiring': ({ detail }) => ({
    title: detail['days'] === 0 ? 'A client secret has expired' : 'A client secret expires',
    happened: `The client secret ${detail['secret']} ${detail['days'] === 0 ? 'expired' : 'expires'} on ${detail['expiresAt']}. A client that goes on using it gets no more tokens.`,
    todo: 'Add a new secret (postern clients secret), enter it at the client, and drop this one.',
    over: 'The client secret is gone.',
  }),
  'sealing-key-lost': ({ count }) => ({
    title: 'The sealing key is lost',
    happened: `${many(count, 'secret', 'secrets')} of the connection cannot be opened with the keys that the gateway has.`,
    todo: 'Put the former key into POSTERN_SEALING_KEYS_PREVIOUS, or enter the secrets again (postern secrets status).',
    over: 'All secrets open.',
  }),
}

export function wordsOf(kind: AlertKind, said: Said): Words {
  return WORDS[kind](said)
}
