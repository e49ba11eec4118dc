/**
 * One signed-in connection to a directory: what may be asked and written, and whether it may have happened.
 * Messages name the operation and the result code and nothing else.
 */
import {
  AddRequest,
  Attribute,
  Change,
  CompareRequest,
  DeleteRequest,
  type Message,
  ModifyDNRequest,
  ModifyRequest,
  PagedResultsControl,
  SearchRequest,
} from 'ldapts'
import { AdapterFailure, type FailureCode } from '../failure.ts'
import { ConnectionLost, type LdapAnswer, type LdapConnection } from './connection.ts'
import { type LdapFilter, wireFilter } from './filter.ts'
import type { LdapEntry } from './response.ts'
import { RESULT, type ResultCode, resultFailure } from './result.ts'

export interface LdapSearch {
  readonly base: string
  /** Default `sub`. */
  readonly scope?: 'one' | 'sub'
  readonly filter: LdapFilter
  readonly attributes: readonly string[]
  /** No more than these; absent: all of them, page by page within this session. */
  readonly sizeLimit?: number
}

export interface LdapFound {
  readonly entries: readonly LdapEntry[]
  /** False: there are more than the size limit, or than the directory's own, lets through. */
  readonly isComplete: boolean
}

export interface LdapChange {
  readonly how: 'add' | 'delete' | 'replace'
  readonly attribute: string
  /** None: the attribute as a whole, where it is deleted or replaced. */
  readonly values: readonly string[]
}

/**
 * One signed-in connection. Operations may run side by side. A write resolves to `success` or to one
 * of the result codes that are expected of it, and fails otherwise.
 */
export interface LdapSession {
  /** @throws {AdapterFailure} also where the base is not there, or a part is at another server */
  search(request: LdapSearch): Promise<LdapFound>
  /** One entry by its name; undefined where there is none, or the filter does not hold. */
  read(
    dn: string,
    attributes: readonly string[],
    filter?: LdapFilter,
  ): Promise<LdapEntry | undefined>
  compare(dn: string, attribute: string, value: string): Promise<boolean>
  add(
    dn: string,
    attributes: Readonly<Record<string, readonly string[]>>,
    expect?: readonly ResultCode[],
  ): Promise<ResultCode>
  modify(
    dn: string,
    changes: readonly LdapChange[],
    expect?: readonly ResultCode[],
  ): Promise<ResultCode>
  /** Below the same parent; the old name's values go. `rdn` is written by `writeRdn`. */
  rename(dn: string, rdn: string, expect?: readonly ResultCode[]): Promise<ResultCode>
  remove(dn: string, expect?: readonly ResultCode[]): Promise<ResultCode>
}

/** Entries asked for at once where all of them are wanted. */
const PAGE = 200
/** Result codes with which a directory cuts a search short. */
const CUT: readonly number[] = [RESULT.sizeLimitExceeded, RESULT.adminLimitExceeded]

export interface WriteState {
  /** True: the directory has done a write. */
  changed: boolean
  /** Writes without an answer. */
  writing: number
}

export function failure(code: FailureCode, message: string): AdapterFailure {
  return new AdapterFailure(code, message, { effect: 'none' })
}

export function refused(message: string): AdapterFailure {
  return failure('protocol', message)
}

export function withEffect(error: unknown, { changed, writing }: WriteState): unknown {
  if (!(error instanceof AdapterFailure) || error.effect === 'unknown') return error
  if (!changed && writing === 0) return error
  const { code, message, answered, attributes } = error
  return new AdapterFailure(code, message, { effect: 'unknown', answered, attributes })
}

/** @throws {AdapterFailure} where the answer is lost */
export async function sent(
  connection: LdapConnection,
  safe: boolean,
  make: (messageId: number) => Message,
): Promise<LdapAnswer> {
  try {
    return await connection.send(make)
  } catch (error) {
    const why = error instanceof ConnectionLost ? error.why : 'closed'
    const effect = safe ? 'none' : 'unknown'
    if (why === 'closed') {
      throw new AdapterFailure('unavailable', 'the connection to the directory was lost', {
        effect,
      })
    }
    const message =
      why === 'tooLarge'
        ? 'the directory answered more than is read at once'
        : "the directory's answer is no LDAP"
    throw new AdapterFailure('protocol', message, { effect })
  }
}

export function openSession(connection: LdapConnection, state: WriteState): LdapSession {
  async function write(
    verb: string,
    expect: readonly ResultCode[],
    make: (messageId: number) => Message,
  ): Promise<ResultCode> {
    state.writing += 1
    const { code } = await sent(connection, false, make)
    state.writing -= 1
    if (code === RESULT.success) {
      state.changed = true
      return code
    }
    const expected = expect.find((one) => one === code)
    if (expected === undefined) throw resultFailure(code, verb, false)
    return expected
  }

  async function ask(
    request: Omit<LdapSearch, 'scope'> & { readonly scope: 'base' | 'one' | 'sub' },
    control?: PagedResultsControl,
  ): Promise<LdapAnswer> {
    const { base, scope, filter, attributes, sizeLimit = 0 } = request
    const answer = await sent(connection, true, (messageId) => {
      return new SearchRequest({
        messageId,
        baseDN: base,
        scope,
        filter: wireFilter(filter),
        attributes: [...attributes],
        sizeLimit,
        // Ours ends the session, and says so.
        timeLimit: 0,
        ...(control && { controls: [control] }),
      })
    })
    // What another server holds is not in the answer, which is then not to be believed.
    if (answer.isReferred) throw refused('the directory refers to another one')
    return answer
  }

  return {
    async search({ scope = 'sub', ...request }) {
      if (request.sizeLimit !== undefined) {
        const { code, entries } = await ask({ ...request, scope })
        // Without a single entry the limit is another one: of what the search had to look at.
        if (CUT.includes(code) && entries.length > 0) return { entries, isComplete: false }
        if (code !== RESULT.success) throw resultFailure(code, 'a search', true)
        return { entries, isComplete: true }
      }
      const all: LdapEntry[] = []
      for (let cookie: Uint8Array | undefined; ; ) {
        const control = new PagedResultsControl({
          critical: true,
          value: { size: PAGE, ...(cookie && { cookie: Buffer.from(cookie) }) },
        })
        const answer = await ask({ ...request, scope }, control)
        if (answer.code !== RESULT.success) throw resultFailure(answer.code, 'a search', true)
        all.push(...answer.entries)
        cookie = answer.cookie
        if (!cookie || cookie.length === 0) return { entries: all, isComplete: true }
      }
    },

    async read(dn, attributes, filter = { present: 'objectClass' }) {
      const { code, entries } = await ask({ base: dn, scope: 'base', filter, attributes })
      if (code === RESULT.noSuchObject) return undefined
      if (code !== RESULT.success) throw resultFailure(code, 'a search', true)
      return entries[0]
    },

    async compare(dn, attribute, value) {
      const { code } = await sent(connection, true, (messageId) => {
        return new CompareRequest({ messageId, dn, attribute, value })
      })
      // No such attribute: no member at all.
      if (code === RESULT.compareFalse || code === RESULT.noSuchAttribute) return false
      if (code !== RESULT.compareTrue) throw resultFailure(code, 'a compare', true)
      return true
    },

    add: (dn, attributes, expect = []) =>
      write('an add', expect, (messageId) => {
        const held = Object.entries(attributes).map(([type, values]) => toAttribute(type, values))
        return new AddRequest({ messageId, dn, attributes: held })
      }),

    modify: (dn, changes, expect = []) =>
      write('a modify', expect, (messageId) => {
        return new ModifyRequest({
          messageId,
          dn,
          changes: changes.map(
            ({ how, attribute, values }) =>
              new Change({ operation: how, modification: toAttribute(attribute, values) }),
          ),
        })
      }),

    rename: (dn, rdn, expect = []) =>
      write('a rename', expect, (messageId) => {
        return new ModifyDNRequest({ messageId, dn, newRdn: rdn, deleteOldRdn: true })
      }),

    remove: (dn, expect = []) =>
      write('a delete', expect, (messageId) => new DeleteRequest({ messageId, dn })),
  }
}

function toAttribute(type: string, values: readonly string[]): Attribute {
  return new Attribute({ type, values: [...values] })
}
