/** Calls that are not HTTP, told of for the audit: databases, directories, private adapters. */
import type { AppCall, OnCall } from './app-call.ts'
import type { AnyPort } from './contract.ts'
import { AdapterFailure } from './failure.ts'
import type { LdapClient } from './ldap/client.ts'
import type { LdapSession } from './ldap/session.ts'
import type { Database, Transaction } from './sql/database.ts'

interface Timing {
  readonly onCall?: OnCall | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

async function timed<T>(
  { onCall, now }: Timing,
  what: Pick<AppCall, 'method' | 'route'>,
  call: () => Promise<T>,
): Promise<T> {
  const sentAt = now()
  const told = (failure: AppCall['failure']) =>
    onCall?.({ ...what, status: undefined, failure, ms: now() - sentAt })
  try {
    const result = await call()
    told(undefined)
    return result
  } catch (error) {
    told(error instanceof AdapterFailure ? error.code : 'unavailable')
    throw error
  }
}

/** Of the text of a statement, whose values are parameters. */
const VERB = /^\s*(\w+)/
const TABLE = /\b(?:from|into|update)\s+["`]?([\w$]+(?:["`]?\.["`]?[\w$]+)?)/i

export function timedDatabase(database: Database, timing: Timing): Database {
  const watch = (transaction: Transaction): Transaction => ({
    dialect: transaction.dialect,
    run: (statement) => {
      const { text } = statement.render(transaction.dialect)
      const method = (VERB.exec(text)?.[1] ?? 'run').toLowerCase()
      const route = (TABLE.exec(text)?.[1] ?? '').replaceAll(/["`]/g, '')
      return timed(timing, { method, route }, () => transaction.run(statement))
    },
  })
  return {
    dialect: database.dialect,
    read: (work) => database.read((transaction) => work(watch(transaction))),
    write: (work) => database.write((transaction) => work(watch(transaction))),
  }
}

export function timedDirectory(directory: LdapClient, timing: Timing): LdapClient {
  const at = <T>(method: string, route: string, call: () => Promise<T>) =>
    timed(timing, { method, route }, call)
  const watch = (session: LdapSession): LdapSession => ({
    search: (request) => {
      // The name of one entry is a person's or a group's.
      const isOne = request.scope !== 'sub' && request.scope !== undefined
      const route = isOne ? above(request.base) : request.base
      return at('search', route, () => session.search(request))
    },
    read: (dn, ...more) => at('read', above(dn), () => session.read(dn, ...more)),
    compare: (dn, ...more) => at('compare', above(dn), () => session.compare(dn, ...more)),
    add: (dn, ...more) => at('add', above(dn), () => session.add(dn, ...more)),
    modify: (dn, ...more) => at('modify', above(dn), () => session.modify(dn, ...more)),
    rename: (dn, ...more) => at('rename', above(dn), () => session.rename(dn, ...more)),
    remove: (dn, ...more) => at('remove', above(dn), () => session.remove(dn, ...more)),
  })
  return { use: (work) => directory.use((session) => work(watch(session))) }
}

/** A name without its first part (RFC 4514 §2.1): a comma in a value is written with a backslash. */
function above(dn: string): string {
  const [first = ''] = /^(?:\\.|[^,\\])*,?/.exec(dn) ?? []
  return dn.slice(first.length)
}

export function timedPort(port: AnyPort, type: string, timing: Timing): AnyPort {
  return Object.fromEntries(
    Object.entries(port).map(([method, call]) => [
      method,
      typeof call === 'function'
        ? (...args: unknown[]) =>
            timed(timing, { method, route: type }, () =>
              (call as (...all: unknown[]) => Promise<unknown>).apply(port, args),
            )
        : call,
    ]),
  ) as unknown as AnyPort
}
