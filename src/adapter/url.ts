/** Which URLs an app may live at. */

/**
 * Names that only mean something inside one machine or network: RFC 6761 (`localhost`), RFC 6762
 * (`local`), RFC 8375 (`home.arpa`), ICANN's reservation (`internal`), and what routers and
 * directories hand out by habit.
 */
const PRIVATE_SUFFIXES = [
  'localhost',
  'local',
  'internal',
  'intranet',
  'private',
  'localdomain',
  'lan',
  'home',
  'corp',
  'home.arpa',
]

/**
 * Why an app's base URL is refused; undefined where it is accepted. Pure: names are not resolved,
 * so a public name that points into a private network passes here.
 *
 * Reads the host as the URL standard normalises it: octal, hexadecimal and one-number spellings of
 * IPv4, percent-encoding and full-width characters are all plain by then.
 *
 * @param options.allowInsecure true only in development: http, loopback and private hosts pass
 */
export function checkAppUrl(
  url: string,
  options: { readonly allowInsecure: boolean },
): string | undefined {
  if (!URL.canParse(url)) return 'it is not a URL'
  const { protocol, username, password, hostname, search, hash } = new URL(url)
  if (protocol !== 'https:' && protocol !== 'http:') return 'it must begin with https://'
  if (username !== '' || password !== '') return 'it must not carry credentials'
  // Adapters join their paths below it: both would be lost without a word. The text is asked too,
  // because an empty query or fragment parses as none.
  if (search !== '' || hash !== '' || /[?#]/.test(url)) {
    return 'it must not carry a query or a fragment'
  }
  if (!options.allowInsecure && protocol !== 'https:') return 'it must begin with https://'
  return checkHost(hostname, options)
}

/**
 * Why nobody may be called at this host; undefined where it may.
 *
 * @param hostname as the URL standard normalises that of an https URL
 */
export function checkHost(
  hostname: string,
  options: { readonly allowInsecure: boolean },
): string | undefined {
  if (hostname.endsWith('.')) return 'its host must not end in a dot'
  if (options.allowInsecure) return undefined
  if (hostname.startsWith('[') || /^[\d.]+$/.test(hostname)) {
    return 'its host must be a name, not an IP address'
  }
  if (
    !hostname.includes('.') ||
    PRIVATE_SUFFIXES.some((suffix) => hostname.endsWith(`.${suffix}`))
  ) {
    return 'its host is local to a machine or a private network'
  }
  return undefined
}

/**
 * The same for a directory: `ldaps://host`, or `ldap://host`, with or without a port, and nothing else.
 *
 * @param options.allowInsecure true only in development: loopback and private hosts pass
 */
export function checkDirectoryUrl(
  url: string,
  options: { readonly allowInsecure: boolean },
): string | undefined {
  if (!/^ldaps?:\/\//i.test(url)) return 'it must begin with ldaps:// or ldap://'
  // As https: only those hosts are normalised, and 0x7f.1 is known for what it is.
  const asHttps = url.replace(/^ldaps?:/i, 'https:')
  const refusal = checkAppUrl(asHttps, options)
  if (refusal !== undefined) return refusal
  return new URL(asHttps).pathname === '/' ? undefined : 'it must end behind its host and port'
}

/** The one or the other, by the scheme; what calls an app asks again for its own. */
export function checkBaseUrl(
  url: string,
  options: { readonly allowInsecure: boolean },
): string | undefined {
  return /^ldaps?:/i.test(url) ? checkDirectoryUrl(url, options) : checkAppUrl(url, options)
}

/** Of a URL that `checkDirectoryUrl` accepts. */
export function directoryAddress(url: string): {
  readonly hostname: string
  readonly port: number
  /** True: TLS from the first byte. */
  readonly secure: boolean
} {
  const secure = /^ldaps:/i.test(url)
  const port = /:(\d+)\/?$/.exec(url)?.[1]
  return {
    hostname: new URL(url.replace(/^ldaps?:/i, 'https:')).hostname,
    port: port === undefined ? (secure ? 636 : 389) : Number(port),
    secure,
  }
}
