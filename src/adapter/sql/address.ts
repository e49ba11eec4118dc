/** Where a database is: what an administrator may enter, and what becomes of it. */
import { checkHost } from '../url.ts'
import type { Dialect } from './statement.ts'

/** `hyperdrive:` and the name of a binding. */
const BINDING = /^hyperdrive:([A-Za-z_][A-Za-z0-9_]{0,63})$/
const DIALECTS: Readonly<Record<string, Dialect>> = {
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
  'mysql:': 'mysql',
}
const PORTS: Readonly<Record<Dialect, number>> = { postgres: 5432, mysql: 3306 }

export interface Address {
  readonly dialect: Dialect
  readonly hostname: string
  readonly port: number
  readonly database: string
}

export function isDatabaseUrl(url: string): boolean {
  return /^(?:postgres|postgresql|mysql|hyperdrive):/i.test(url)
}

export function bindingOf(url: string): string | undefined {
  return BINDING.exec(url)?.[1]
}

/** @throws {TypeError} where it is none: `checkDatabaseUrl` says why */
export function addressOf(url: string): Address {
  const { protocol, hostname, port, pathname } = new URL(url)
  const dialect = DIALECTS[protocol]
  if (!dialect) throw new TypeError('no database has this URL')
  return {
    dialect,
    // As the host was checked: other spellings of one are plain by then.
    hostname: asHttps(url).hostname || hostname,
    port: port === '' ? PORTS[dialect] : Number(port),
    database: decodeURIComponent(pathname.slice(1)),
  }
}

/** Of schemes that it does not know, the URL standard leaves the host as it is written. */
function asHttps(url: string): URL {
  return new URL(url.replace(/^[a-z]+:/i, 'https:'))
}

/** Why a database must not be called; undefined where it may. */
export function checkDatabaseUrl(
  url: string,
  options: {
    readonly allowInsecure: boolean
    /** Names of the bindings that there are. */
    readonly bindings: readonly string[]
  },
): string | undefined {
  if (url.startsWith('hyperdrive:')) {
    const name = bindingOf(url)
    return name !== undefined && options.bindings.includes(name)
      ? undefined
      : 'this gateway has no Hyperdrive binding of this name: see docs/operating.md'
  }
  if (!URL.canParse(url) || !URL.canParse(asHttps(url).href)) return 'it is not a URL'
  const { protocol, username, password, hostname, pathname, search, hash } = new URL(url)
  if (!DIALECTS[protocol]) return 'it must begin with postgres:// or mysql://'
  if (username !== '' || password !== '') return 'it must not carry credentials'
  if (search !== '' || hash !== '' || /[?#]/.test(url)) {
    return 'it must not carry a query or a fragment: the connection is always encrypted'
  }
  if (!/^\/[A-Za-z0-9_.~-]{1,63}$/.test(pathname)) return 'it must end in the name of one database'
  if (hostname === '') return 'it must name a host'
  return checkHost(asHttps(url).hostname, options)
}
