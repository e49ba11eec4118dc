/**
 * The guarded LDAP client: the only way an adapter reaches a directory. It keeps to one host, in TLS,
 * signs in for each piece of work and takes its leave after it, follows no referral, bounds time and
 * size, and says of every failure whether the directory may have changed.
 *
 * Its messages name the operation and the result code and nothing else: no name, no value, and no
 * word of the directory's.
 */
import { BindRequest } from 'ldapts'
import { AdapterFailure, OutOfTime } from '../failure.ts'
import type { OpenSocket } from '../open-socket.ts'
import { checkDirectoryUrl, directoryAddress } from '../url.ts'
import { LdapConnection, startTls } from './connection.ts'
import { RESULT, resultFailure } from './result.ts'
import {
  failure,
  type LdapSession,
  openSession,
  refused,
  sent,
  type WriteState,
  withEffect,
} from './session.ts'

/** Who signs in, by a simple bind (RFC 4513 §5.1.3). */
export interface LdapBind {
  readonly dn: string
  readonly password: string
  /** Only for `ldap://`, which is StartTLS by default; `plain` only in development. */
  readonly transport?: 'startTls' | 'plain'
}

export interface LdapClient {
  /**
   * Connects, signs in, works, and takes its leave whatever happens. If something was changed before
   * the failure, its effect is `unknown`.
   *
   * @throws {AdapterFailure}
   */
  use<T>(work: (session: LdapSession) => Promise<T>): Promise<T>
}

export interface LdapClientOptions {
  readonly url: string
  readonly bind: LdapBind
  readonly openSocket: OpenSocket
  /**
   * What a `use` that begins now may take, from the first byte to the last, in milliseconds; 0: it
   * does not begin.
   */
  readonly leftMs: () => number
  /** Most that is read in one `use`, in bytes. */
  readonly maxBytes: number
  /** True only in development: plain connections, loopback and private hosts are allowed. */
  readonly allowInsecure: boolean
}

/** A client of any directory, by these sockets. */
export type OpenDirectory = (options: Omit<LdapClientOptions, 'openSocket'>) => LdapClient

/** @throws {AdapterFailure} `protocol`, effect `none`, where the URL is refused */
export function createLdapClient(options: LdapClientOptions): LdapClient {
  const { url, allowInsecure, maxBytes, openSocket, leftMs } = options
  const refusal = checkDirectoryUrl(url, { allowInsecure })
  if (refusal !== undefined) throw refused(`the directory's URL is refused: ${refusal}`)
  const { hostname, port, secure } = directoryAddress(url)

  async function connect(
    transport: LdapBind['transport'],
    onSocket: (socket: Socket) => void,
  ): Promise<LdapConnection> {
    const isPlain = !secure && transport === 'plain'
    if (isPlain && !allowInsecure) throw refused('the directory must be reached in TLS')
    const plainOrLater = isPlain ? 'off' : 'starttls'
    try {
      let socket = openSocket(
        { hostname, port },
        { secureTransport: secure ? 'on' : plainOrLater, allowHalfOpen: false },
      )
      onSocket(socket)
      await socket.opened
      if (!secure && !isPlain) {
        const upgraded = await startTls(socket)
        if (typeof upgraded === 'number') throw resultFailure(upgraded, 'StartTLS', true)
        socket = upgraded
        onSocket(socket)
        await socket.opened
      }
      return new LdapConnection(socket, maxBytes)
    } catch (error) {
      if (error instanceof AdapterFailure) throw error
      throw failure('unavailable', 'the directory cannot be reached')
    }
  }

  return {
    async use<T>(work: (session: LdapSession) => Promise<T>): Promise<T> {
      const { dn, password, transport } = options.bind
      // RFC 4513 §5.1.2: with an empty password a directory lets everybody in, as nobody.
      if (dn === '' || password === '') throw failure('auth', 'nobody is named to sign in')
      const timeoutMs = leftMs()
      if (timeoutMs <= 0) throw new OutOfTime()
      const state: WriteState = { changed: false, writing: 0 }
      let socket: Socket | undefined
      let connection: LdapConnection | undefined
      let timer: ReturnType<typeof setTimeout> | undefined
      const timeout = new Promise<never>((_, reject) => {
        const message = `the directory did not answer within ${timeoutMs} ms`
        timer = setTimeout(() => reject(failure('timeout', message)), timeoutMs)
      })
      const working = async (): Promise<T> => {
        connection = await connect(transport, (opened) => {
          socket = opened
        })
        await signIn(connection, dn, password)
        return work(openSession(connection, state))
      }
      const run = working()
      try {
        const result = await Promise.race([run, timeout])
        // A leave that nobody takes notice of is no failure of what was done.
        await Promise.race([connection?.unbind(), timeout]).catch(() => undefined)
        return result
      } catch (error) {
        run.catch(() => undefined)
        throw withEffect(error, state)
      } finally {
        if (timer !== undefined) clearTimeout(timer)
        if (connection) connection.close()
        else socket?.close().catch(() => undefined)
      }
    },
  }
}

async function signIn(connection: LdapConnection, dn: string, password: string): Promise<void> {
  const { code } = await sent(connection, true, (messageId) => {
    return new BindRequest({ messageId, dn, password })
  })
  // OpenLDAP, of somebody who may not sign in like this.
  if (code === RESULT.unwillingToPerform) throw failure('auth', 'the directory refuses the sign-in')
  if (code !== RESULT.success) throw resultFailure(code, 'a bind', true)
}
