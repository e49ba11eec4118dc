/** Finds the connection to play against: the running `npm start`, or a gateway by its URL. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { CommandError, UsageError } from '../command.ts'
import { type Running, runningSchema } from '../start/state.ts'

const TIMEOUT_MS = 30_000
/** Should this process be killed, its token dies by itself. */
const TOKEN_LIFE_MS = 24 * 3_600_000
const DEMO = 'demo'

export interface TargetOptions {
  /** Origin of a gateway, or the SCIM base URL of a connection; undefined: the running one. */
  readonly url: string | undefined
  readonly adminToken: string | undefined
  readonly connection: string | undefined
  readonly stateFolder: string
}

export interface Target {
  readonly connection: string
  readonly adapter: string
  readonly scimBaseUrl: string
  readonly token: string
  /** False: whoever sets Entra up has it send people alone. */
  readonly hasGroups: boolean
  /** Of the example app, where it stands behind this connection. */
  readonly appUrl: string | undefined
  /** Gives the token back. */
  close(): Promise<void>
}

const connectionSchema = z.object({
  adapter: z.string(),
  settings: z.record(z.string(), z.unknown()),
})
const entraSchema = z.object({ groups: z.array(z.unknown()) })
const tokenSchema = z.object({ id: z.string(), token: z.string() })
const problemSchema = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).default([]),
})

/** Where the gateway is, and as whom it is asked. @throws {CommandError} */
export async function findGateway(options: TargetOptions): Promise<At> {
  return options.url === undefined ? runningAt(options) : givenAt(options, options.url)
}

/** @throws {CommandError} */
export async function findTarget(options: TargetOptions): Promise<Target> {
  const { origin, connection, adminToken } = await findGateway(options)
  const call = adminApi(origin, adminToken)
  const name = encodeURIComponent(connection)
  const { adapter, settings } = connectionSchema.parse(
    await call('GET', `/connections/${name}`, `find the connection ${connection}`),
  )
  const { groups } = entraSchema.parse(
    await call('GET', `/connections/${name}/entra`, 'find out what Entra would send'),
  )
  const tokens = `/connections/${name}/tokens`
  const expiresAt = new Date(Date.now() + TOKEN_LIFE_MS).toISOString()
  const label = 'postern simulate'
  const minted = await call('POST', tokens, 'mint a token', { label, expiresAt })
  const { id, token } = tokenSchema.parse(minted)
  const appUrl = settings['url']
  return {
    connection,
    adapter,
    scimBaseUrl: `${origin}/scim/${name}/v2`,
    token,
    hasGroups: groups.length > 0,
    appUrl: adapter === 'example' && typeof appUrl === 'string' ? appUrl : undefined,
    async close() {
      await call('DELETE', `${tokens}/${encodeURIComponent(id)}`, 'revoke its token')
    },
  }
}

export interface At {
  readonly origin: string
  readonly connection: string
  readonly adminToken: string
}

async function runningAt(options: TargetOptions): Promise<At> {
  const { adminToken, scimBaseUrl } = await readRunning(options.stateFolder)
  return {
    origin: new URL(scimBaseUrl).origin,
    connection: options.connection ?? DEMO,
    adminToken,
  }
}

async function readRunning(stateFolder: string): Promise<Running> {
  const file = path.join(stateFolder, 'running.json')
  const advice =
    'run `npm start` in another terminal, or name a gateway: --url https://... --admin-token ...'
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    throw new CommandError(`no \`npm start\` runs on ${stateFolder}`, advice, { cause })
  }
  return runningSchema.parse(JSON.parse(text))
}

/** An administrator may paste what the portal of the identity provider shows: it is understood. */
function givenAt(options: TargetOptions, text: string): At {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new UsageError(
      `--url ${text} is not an http(s) URL`,
      'for example --url https://scim.example.com',
    )
  }
  const { adminToken } = options
  if (!adminToken) {
    throw new UsageError(
      '--url wants the admin token of that gateway',
      'give --admin-token, or set POSTERN_ADMIN_TOKEN, which other users of the machine cannot see',
    )
  }
  const parts = /^(?<base>.*?)(?:\/scim\/(?<named>[^/]+)(?:\/v2)?)?\/*$/.exec(url.pathname)
  const { base = '', named } = parts?.groups ?? {}
  const { connection } = options
  if (named !== undefined && connection !== undefined && named !== connection) {
    throw new UsageError(
      `--url names the connection ${named}, --connection names ${connection}`,
      'leave one of the two out',
    )
  }
  return {
    origin: `${url.origin}${base}`,
    connection: connection ?? (named === undefined ? DEMO : decodeURIComponent(named)),
    adminToken,
  }
}

export function adminApi(origin: string, adminToken: string) {
  return async (method: string, route: string, what: string, body?: unknown): Promise<unknown> => {
    let response: Response
    try {
      response = await fetch(`${origin}/admin/api${route}`, {
        method,
        headers: {
          authorization: `Bearer ${adminToken}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
    } catch (cause) {
      throw new CommandError(`nothing answers at ${origin}`, 'is the gateway running there?', {
        cause,
      })
    }
    const text = await response.text()
    if (!response.ok) throw refused(response.status, what, text)
    return text === '' ? undefined : JSON.parse(text)
  }
}

/** @param text the answer's body */
export function refused(status: number, what: string, text: string): CommandError {
  let said = ''
  try {
    const { title, detail, errors } = problemSchema.parse(JSON.parse(text))
    const why = (detail ?? title ?? '').replace(/: see errors$/, '')
    said = [why, ...errors.map((e) => `${e.path} ${e.message}`.trim())].join('; ')
  } catch {
    // No problem document (a proxy's page, perhaps): its status says enough.
  }
  const advice =
    status === 401
      ? 'check --admin-token or POSTERN_ADMIN_TOKEN'
      : status === 403
        ? 'postern administrators me says who you are'
        : status === 404
          ? 'check the name or id that was given, and --url'
          : status < 500
            ? 'correct what it names, and run the command again'
            : 'see the log of the gateway'
  return new CommandError(
    `the gateway refused to ${what}: ${status}${said ? `, ${said}` : ''}`,
    advice,
  )
}
