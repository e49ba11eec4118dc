/** What is said of each kind of condition: what is so, and who does what. Ids and numbers, no values. */
import type { AlertKind, Condition, ConditionKind } from './condition.ts'
import { REMEDIES, type RefusalGroup } from './refusals.ts'

export interface Words {
  readonly title: string
  readonly happened: string
  readonly todo: string
}

type Said = Pick<Condition, 'count' | 'detail' | 'subject'>

/** `n` of them, and not more exactly than they were counted. */
const many = (n: number, one: string, more: string): string =>
  n === 1 ? `1 ${one}` : `${n >= 1_000 ? '1000 or more' : n} ${more}`

const WORDS: Readonly<Record<ConditionKind, (said: Said) => Words>> = {
  'client-quarantine': ({ detail }) => ({
    title: 'The client is near quarantine',
    happened: `${detail['failures']} of ${detail['operations']} requests (${detail['percent']} %) of the last day failed. Microsoft Entra ID stops a job at 40 % and 5,000 failures.`,
    todo: 'Look which requests fail and why (postern audit, the findings), and mend that before the next cycles.',
  }),
  'client-refused': ({ detail }) => ({
    title: 'The client is refused',
    happened: `No request of the last hour was let in, and ${detail['denied']} were refused: the token of the client ${
      detail['ended'] === undefined
        ? 'is wrong or has expired'
        : `has expired (${detail['label'] ?? detail['ended']})`
    }. Microsoft Entra ID quarantines a job for that at once.`,
    todo: 'Make a new token (postern tokens new), enter it at the client, and test its connection.',
  }),
  'client-silent': ({ detail }) => ({
    title: 'The client is silent',
    happened: `Nothing was heard of the client for ${detail['hours']} hours.`,
    todo: 'Look whether provisioning is on and not in quarantine at the client, and whether something before the gateway refuses its requests.',
  }),
  'client-misdirected': ({ detail }) => ({
    title: 'The client has a wrong base URL',
    happened: `In the last hour ${many(Number(detail['misdirected']), 'request was', 'requests were')} sent below the name of the connection, and not to its SCIM base URL, which ends in /v2.`,
    todo: 'Copy the Tenant URL from the page Connect Entra of the connection, enter it at the client, and test its connection.',
  }),
  'database-unbound': () => ({
    title: 'The database of the connection is not bound',
    happened:
      'The data of the connection is in a database that is not bound to the Worker. Requests of the client are answered 503, and no job works for it.',
    todo: 'Put the binding back into wrangler.toml and deploy (postern doctor says which one): the data is as it was.',
  }),
  'database-silent': () => ({
    title: 'The database of the connection fails',
    happened:
      'The database that holds the data of the connection could not be read just now. While it fails, requests of the client are answered 503, and what else is wrong with the connection is not known.',
    todo: 'Wait a minute and look again. If it stays: postern doctor says whether its migrations are applied and how full it is; the log has database.failed; and Cloudflare may report an incident of D1.',
  }),
  'app-credential': ({ detail }) => {
    const isRight = detail['code'] === 'forbidden'
    return {
      title: isRight ? 'The app gives too few rights' : 'The app refuses the credential',
      happened: isRight
        ? 'The app lets the account that Postern uses do too little. Requests of the client are answered 503.'
        : 'The app refuses the credential of the connection, or that cannot be read. Requests of the client are answered 503.',
      todo: isRight
        ? 'Give that account in the app the rights that the README of the adapter names.'
        : 'Enter a credential that the app accepts in the settings of the connection (PATCH with secrets): that ends the pause at once.',
    }
  },
  'app-failing': ({ detail }) => FAILING[String(detail['code'])] ?? FAILS,
  'circuit-open': () => ({
    title: 'Calls to the app are paused',
    happened:
      'The app has failed so often that it is called only now and then. Requests of the client are answered 503.',
    todo: 'Look whether the app is up and reachable, and whether the address in the settings is right (postern doctor asks it). Calls begin again by themselves when it answers.',
  }),
  'app-slow': ({ detail }) => ({
    title: 'The app is slow',
    happened: `Of the ${detail['calls']} calls of the last hour at least one in twenty took over ${Number(detail['slowMs']) / 1000} seconds. Every request of the client waits for several of them, and Entra gives up after about 30 seconds.`,
    todo: 'Whoever runs the app has to find out why; the audit has the milliseconds of each call. Until then raise limits.requestTimeoutMs, or lower limits.appCallsAtOnce.',
  }),
  guard: ({ count }) => ({
    title: 'The guard holds people back',
    happened: `More people were to be disabled or deleted than the guard lets through (${many(count, 'finding', 'findings')}). They are parked, and nothing was done to them.`,
    todo: 'Look at the scope of the client first. Then decide whether they are meant: allow or reject the finding.',
  }),
  ambiguous: ({ count }) => ({
    title: 'People match several accounts',
    happened: `${many(count, 'person matches', 'people match')} several accounts of the app, and nobody was linked on a guess.`,
    todo: 'Decide in each finding which account stands for the person.',
  }),
  orphans: ({ count, detail }) => ({
    title: 'More accounts that no client manages',
    happened: `${many(count, 'account', 'accounts')} of the app that no client manages came up within a day; there were ${detail['before']} before.`,
    todo: 'Look who makes accounts in the app past the client, and bring them under it, or protect them.',
  }),
  'token-expiring': ({ detail }) => ({
    title: detail['days'] === 0 ? 'A token has expired' : 'A token expires',
    happened: `The token ${detail['label'] ?? detail['token']} ${detail['days'] === 0 ? 'expired' : 'expires'} on ${detail['expiresAt']}. A client that goes on using it is refused.`,
    todo: 'Make a new token (postern tokens new), enter it at the client, and revoke this one.',
  }),
  'client-secret-expiring': ({ detail }) => ({
    title: detail['days'] === 0 ? 'A client secret has expired' : 'A client secret expires',
    happened: `The client secret ${detail['secret']} ${detail['days'] === 0 ? 'expired' : 'expires'} on ${detail['expiresAt']}. A client that goes on using it gets no more tokens.`,
    todo: 'Add a new secret (postern clients secret), enter it at the client, and drop this one.',
  }),
  'sealing-key-lost': ({ count }) => ({
    title: 'The sealing key is lost',
    happened: `${many(count, 'secret', 'secrets')} of the connection cannot be opened with the keys that the gateway has.`,
    todo: 'Put the former key into POSTERN_SEALING_KEYS_PREVIOUS, or enter the secrets again (postern secrets status).',
  }),
  'mode-ended': () => ({
    title: 'The mode has ended',
    happened: 'The mode of the connection has ended, and it is paused: its client is answered 503.',
    todo: 'Set it to live when you have seen enough, or to its mode once more.',
  }),
  refused: ({ count, detail, subject }) => {
    const { title, todo } = REMEDIES[subject as RefusalGroup]
    const times = many(count, 'request of the last day', 'requests of the last day')
    const verb = subject === 'failed' ? 'failed' : count === 1 ? 'was refused' : 'were refused'
    const says = detail['says'] === undefined ? '.' : `: “${detail['says']}”`
    return { title, happened: `${times} ${verb}${says}`, todo }
  },
  'unknown-attributes': ({ count }) => ({
    title: 'The client sends attributes that no schema has',
    happened: `${many(count, 'request', 'requests')} of the last day named attributes that no schema of the connection has. These were left out; the rest was done.`,
    todo: 'Take them out of the attribute mapping of the client, or declare them as an extension of the connection and map them. The audit says which are known.',
  }),
  protected: ({ count }) => ({
    title: 'A protected account was to be changed',
    happened: `${many(count, 'protected account was', 'protected accounts were')} to be changed, and nothing was.`,
    todo: 'Take these people out of the scope of the client, or the protection away (policy.protected, or the finding).',
  }),
  'id-reuse': ({ count }) => ({
    title: 'The app gave an id to somebody else',
    happened: `Behind ${many(count, 'link', 'links')} is another account than was linked; they refuse every write.`,
    todo: 'If it is the same person, link the account again in the finding; if not, unlink it.',
  }),
  missing: ({ count }) => ({
    title: 'Linked accounts are gone from the app',
    happened: `${many(count, 'linked account is', 'linked accounts are')} no more in the app.`,
    todo: 'Unlink them in the finding: the next cycle of the client then finds or makes the person anew.',
  }),
  'not-created': ({ count }) => ({
    title: 'Accounts did not come to be',
    happened: `${many(count, 'invitation or job', 'invitations or jobs')} of the app came to nothing.`,
    todo: 'The finding says why; the next cycle of the client tries again.',
  }),
  'not-removed': ({ count }) => ({
    title: 'The app kept accounts that were to be removed',
    happened: `${many(count, 'account was', 'accounts were')} not removed; something less was done, as the policy has it.`,
    todo: 'Remove them in the app if they must go, then close the finding.',
  }),
  'member-blocked': ({ count }) => ({
    title: 'The app refuses members of groups',
    happened: `The app refuses members (${many(count, 'finding', 'findings')}).`,
    todo: 'Mend what the app says about these accounts; it is tried again by itself.',
  }),
  'deleted-member': ({ count }) => ({
    title: 'Groups name people who were deleted',
    happened: `${many(count, 'group names', 'groups name')} people who were deleted here; they were left out.`,
    todo: 'Close the finding when the source directory has caught up.',
  }),
  'alert-undelivered': ({ count }) => ({
    title: 'Nobody was reached by an alert',
    happened: `${many(count, 'channel does', 'channels do')} not take notices.`,
    todo: 'Look at the address of the channel and its receiver, then test it (postern alerts test).',
  }),
}

const FAILS: Words = {
  title: 'The app fails',
  happened: 'The app does not answer as it should. Requests of the client are answered 503.',
  todo: 'Look whether the app is up and reachable; what it fails with is in the finding.',
}

/** By what the app fails with (`FailureCode`). */
const FAILING: Readonly<Record<string, Words>> = {
  protocol: {
    title: 'The app answers what nobody expects',
    happened:
      'What answers at the base URL of the connection is not the API that the adapter knows. Requests of the client are answered 503.',
    todo: 'Check the base URL in the settings: it may lead to a page, a proxy or another app. If it is right, the API has changed: look for a newer adapter, or correct the manifest.',
  },
  unavailable: {
    title: 'The app is not reached',
    happened:
      'Nobody answers at the base URL of the connection, or it answers that it is down. Requests of the client are answered 503.',
    todo: 'Check the base URL in the settings, and whether the app is up and reachable from the gateway.',
  },
  timeout: {
    title: 'The app answers too late',
    happened:
      'The app has not answered within the time that a request has. Requests of the client are answered 503.',
    todo: 'Whoever runs the app has to find out why it is slow; the audit has the milliseconds of each call.',
  },
  rate: {
    title: 'The app limits the rate of calls',
    happened: 'The app takes no more calls for now. Requests of the client are answered 503.',
    todo: 'Set limits.appCallsPerSecond to what the app takes, or ask for a higher limit there.',
  },
}

export function wordsOf(kind: ConditionKind, said: Said): Words {
  return WORDS[kind](said)
}

/** When it has ended. */
export const OVER: Readonly<Record<AlertKind, string>> = {
  'client-quarantine': 'Fewer requests fail.',
  'client-refused': 'The client is let in again.',
  'client-silent': 'The client is heard again.',
  'app-credential': 'The app accepts the credential again.',
  'app-failing': 'The app answers again.',
  'circuit-open': 'The app is called as before.',
  guard: 'The guard holds nobody back.',
  ambiguous: 'Nobody matches several accounts any more.',
  orphans: 'For a day no such accounts have come up.',
  'token-expiring': 'The token is gone.',
  'client-secret-expiring': 'The client secret is gone.',
  'sealing-key-lost': 'All secrets open.',
}
