/** What only somebody outside can see: whether the public address leads to the gateway, as Entra asks it. */
import http from 'node:http'
import https from 'node:https'
import tls from 'node:tls'
import { type Check, fail, ok, warn } from '../../src/admin/doctor/check.ts'

const TIMEOUT_MS = 10_000
const DAY_MS = 86_400_000
const CERTIFICATE_SOON_DAYS = 14
const MOST_BYTES = 4_096

export interface Outside {
  /** SCIM base URL of a connection; one that is not there is answered alike. */
  readonly scimBaseUrl: string
  /** Beside those that this machine trusts, in PEM. */
  readonly ca?: string
}

/** As Entra asks: no User-Agent, no Content-Type. And as a program that says its name. */
const AS_ENTRA = {}
const AS_PROGRAM = { 'user-agent': 'postern-doctor' }

export async function checkOutside(outside: Outside, now: number): Promise<readonly Check[]> {
  const { protocol, hostname } = new URL(outside.scimBaseUrl)
  const encrypted = protocol === 'https:' ? await checkTls(outside, now) : checkPlain(hostname)
  if (encrypted.result === 'fail') return [encrypted]
  return [encrypted, await checkHealth(outside), await checkEdge(outside)]
}

function checkPlain(hostname: string): Check {
  return hostname === '127.0.0.1' || hostname === 'localhost'
    ? ok('tls', 'none: the gateway runs on this machine')
    : fail('tls', 'the address is http: Entra wants https', 'set BASE_URL to the https origin')
}

interface Shaken {
  readonly authorized: boolean
  readonly reason: string
  readonly validTo: number
}

async function checkTls({ scimBaseUrl, ca }: Outside, now: number): Promise<Check> {
  const { hostname, port } = new URL(scimBaseUrl)
  const shake = (maxVersion: tls.SecureVersion) =>
    new Promise<Shaken>((resolve, reject) => {
      const socket = tls.connect({
        host: hostname,
        port: Number(port || 443),
        servername: hostname,
        // What is wrong with it is to be told, not to be an error.
        rejectUnauthorized: false,
        maxVersion,
        ...(ca !== undefined && { ca }),
      })
      socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('it does not answer in time')))
      socket.once('error', reject)
      socket.once('secureConnect', () => {
        const { authorized, authorizationError } = socket
        const validTo = Date.parse(socket.getPeerCertificate().valid_to)
        socket.destroy()
        resolve({ authorized, reason: String(authorizationError ?? ''), validTo })
      })
    })
  let shaken: Shaken
  try {
    shaken = await shake('TLSv1.3')
  } catch (error) {
    return fail(
      'tls',
      `no TLS connection with ${hostname}: ${codeOf(error)}`,
      'see that the name resolves and that the Worker has this custom domain',
    )
  }
  if (!shaken.authorized) {
    return fail(
      'tls',
      `the certificate is not to be trusted: ${shaken.reason}`,
      'Entra accepts certificates of public authorities alone: let Cloudflare issue it',
    )
  }
  try {
    await shake('TLSv1.2')
  } catch {
    return fail(
      'tls',
      'TLS 1.2 is switched off, and Microsoft documents it as the version that Entra speaks',
      'set the minimum TLS version of the zone to 1.2',
    )
  }
  const days = Math.floor((shaken.validTo - now) / DAY_MS)
  return days < CERTIFICATE_SOON_DAYS
    ? warn('tls', `the certificate ends in ${days} days`, 'see why it has not been renewed')
    : ok('tls', `TLS 1.2 and a certificate that is good for ${days} days`)
}

interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

/** Redirects are answers: Entra is not known to follow them. `fetch` would add a User-Agent. */
function get(url: string, headers: Record<string, string>, ca?: string): Promise<Answer> {
  const { request } = url.startsWith('https:') ? https : http
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, agent: false, ...(ca !== undefined && { ca }) })
    asked.setTimeout(TIMEOUT_MS, () => asked.destroy(new Error('it does not answer in time')))
    asked.once('error', reject)
    asked.once('response', async (response) => {
      let text = ''
      try {
        for await (const chunk of response.setEncoding('utf8')) {
          text += chunk
          if (text.length > MOST_BYTES) break
        }
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
      } catch (error) {
        reject(error)
      }
    })
    asked.end()
  })
}

async function checkHealth({ scimBaseUrl, ca }: Outside): Promise<Check> {
  const { origin } = new URL(scimBaseUrl)
  try {
    const { status, text } = await get(`${origin}/healthz`, AS_PROGRAM, ca)
    if (status === 200 && text.includes('"ok"')) return ok('healthz', `${origin} is up`)
    return fail(
      'healthz',
      `${origin}/healthz answers ${status}`,
      status === 503
        ? 'the database does not answer: see the binding DB, and status.cloudflare.com'
        : 'this is not the gateway: see BASE_URL, the custom domain, and what stands in front of it',
    )
  } catch (error) {
    return fail(
      'healthz',
      `nothing answers at ${origin}: ${codeOf(error)}`,
      'see BASE_URL, and that the Worker is deployed there',
    )
  }
}

/** Without a token the gateway itself answers 401, in SCIM; anything else was said in front of it. */
async function checkEdge({ scimBaseUrl, ca }: Outside): Promise<Check> {
  const url = `${scimBaseUrl}/Users?filter=userName+eq+%22postern-doctor%22`
  const said = async (headers: Record<string, string>): Promise<string | undefined> => {
    try {
      return inFront(await get(url, headers, ca))
    } catch (error) {
      return `no answer (${codeOf(error)})`
    }
  }
  const asEntra = await said(AS_ENTRA)
  if (asEntra === undefined) {
    return ok('edge', 'a request as Entra sends it (without User-Agent) reaches the gateway')
  }
  const asProgram = await said(AS_PROGRAM)
  return asProgram === undefined
    ? fail(
        'edge',
        `what has no User-Agent, as Entra, gets ${asEntra}; what has one reaches the gateway`,
        'turn off Browser Integrity Check for this host name, and rules that go by User-Agent (docs/entra.md)',
      )
    : fail(
        'edge',
        `something in front of the gateway answers: ${asEntra}`,
        'turn off Bot Fight Mode, Under Attack Mode and challenges for this host name, and let nothing ' +
          'but /admin stand behind Cloudflare Access (docs/entra.md)',
      )
}

/** What it is that was not said by the gateway; undefined: it was. */
function inFront({ status, headers, text }: Answer): string | undefined {
  if (status === 401 && text.includes('urn:ietf:params:scim:api:messages:2.0:Error'))
    return undefined
  const { location } = headers
  if (headers['cf-mitigated'] !== undefined) return `a challenge of Cloudflare (${status})`
  if (location?.includes('cloudflareaccess.com')) return 'the sign-in of Cloudflare Access'
  if (location !== undefined) return `a redirect (${status})`
  const kind = String(headers['content-type'] ?? '').includes('html') ? ', a page' : ''
  return `status ${status}${kind}`
}

function codeOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code ?? message
}
