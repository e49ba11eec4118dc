/** Channels of alerts, of the gateway and of a connection, as routes of the admin API. */
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import type { Access } from '../access/authenticate.ts'
import type { Connection } from '../access/connection.ts'
import { mintSigningSecret, signingSecretId } from '../access/webhook-signature.ts'
import {
  AlertChannels,
  type ChannelRow,
  OF_GATEWAY,
  SEVERITIES,
  type Target,
} from '../db/alert-channels.ts'
import type { Database } from '../db/database.ts'
import { testNotice } from '../govern/notice.ts'
import {
  type ChannelSecrets,
  checkChannelUrl,
  openChannel,
  placeOf,
  type SendDeps,
  sendNotice,
} from '../jobs/send-notice.ts'
import type { Json } from '../scim/schema.ts'
import { route } from './api.ts'
import { readJson } from './body.ts'
import { preconditionOf, tagOf } from './precondition.ts'
import { invalidInput, invalidMembers, Problem } from './problem.ts'
import { connectionOf } from './query.ts'

export interface ChannelDeps extends SendDeps {
  /** Holds the control tables. */
  readonly control: Database
  readonly access: Access
  readonly newId: () => string
}

const MOST_CHANNELS = 20
/** All of them sign: the new one, the one in use, and one that was forgotten. */
const MOST_SECRETS = 3

const common = {
  enabled: z.boolean().default(true),
  severity: z.enum(SEVERITIES).default('warning'),
}
/** Left out where a channel that is there keeps its own. */
const url = z.string().min(1).max(2000).optional()
/** One address, and nothing that could end a header of an e-mail. */
const address = z.string().regex(/^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}$/, {
  message: 'must be one e-mail address',
})
const channelInput = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('webhook'), ...common, url }),
  z.strictObject({ kind: z.literal('slack'), ...common, url }),
  z.strictObject({ kind: z.literal('teams'), ...common, url }),
  z.strictObject({ kind: z.literal('email'), ...common, from: address, to: address }),
])
const CHANNEL_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

/** Whose channels a route is about. */
interface Scope {
  readonly channels: AlertChannels
  readonly connection: Connection | undefined
}

/** For `adminApi`'s `more`. */
export function alertChannelRoutes(deps: ChannelDeps): (api: Hono) => void {
  const ofGateway = async (): Promise<Scope> => ({
    channels: new AlertChannels(deps.control, OF_GATEWAY),
    connection: undefined,
  })
  const ofConnection = async (c: Context): Promise<Scope> => {
    const connection = await connectionOf(deps, c)
    return { channels: new AlertChannels(deps.control, connection.id), connection }
  }

  return (api) => {
    for (const [base, scopeOf] of [
      ['/alerts/channels', ofGateway],
      ['/connections/:name/alerts/channels', ofConnection],
    ] as const) {
      route(api, base, {
        GET: async (c) => {
          const rows = await (await scopeOf(c)).channels.list()
          return c.json({ items: rows.map(viewOf) })
        },
      })

      route(api, `${base}/:channel`, {
        GET: async (c) => {
          const channel = await theChannel(await scopeOf(c), c)
          c.header('etag', tagOf(channel.version))
          return c.json(viewOf(channel))
        },
        PUT: async (c) => {
          const scope = await scopeOf(c)
          const before = await scope.channels.named(nameOf(c))
          preconditionOf(c)(before && tagOf(before.version))
          const { row, secret } = await draft(deps, scope, nameOf(c), before, await readJson(c))
          if (!(await scope.channels.put(row, before, MOST_CHANNELS))) throw lostOrFull()
          return c.json({ ...viewOf(row), ...(secret && { secret }) }, before ? 200 : 201)
        },
        DELETE: async (c) => {
          if (!(await (await scopeOf(c)).channels.remove(nameOf(c)))) throw noChannel()
          return c.body(null, 204)
        },
      })

      route(api, `${base}/:channel/test`, {
        POST: async (c) => {
          const scope = await scopeOf(c)
          const channel = await theChannel(scope, c)
          const id = deps.newId()
          const notice = testNotice(deps.now(), { id, connection: scope.connection?.name })
          const sent = await sendNotice(deps, channel, `msg_${id}`, notice)
          return c.json(
            sent.kind === 'sent' ? { delivered: true } : { delivered: false, reason: sent.reason },
          )
        },
      })

      route(api, `${base}/:channel/secrets`, {
        POST: async (c) => {
          const scope = await scopeOf(c)
          const channel = await theChannel(scope, c)
          const opened = await openWebhook(deps, channel)
          if (opened.secrets.length >= MOST_SECRETS) {
            throw new Problem(409, `A webhook has ${MOST_SECRETS} secrets at most: drop one first`)
          }
          const secret = mintSigningSecret()
          await keep(deps, scope, channel, { ...opened, secrets: [secret, ...opened.secrets] })
          return c.json({ id: await signingSecretId(secret), secret }, 201)
        },
      })

      route(api, `${base}/:channel/secrets/:secret`, {
        DELETE: async (c) => {
          const scope = await scopeOf(c)
          const channel = await theChannel(scope, c)
          const opened = await openWebhook(deps, channel)
          const at = channel.target.secrets?.indexOf(c.req.param('secret') ?? '') ?? -1
          if (at < 0) throw new Problem(404, 'The channel has no secret of this id')
          if (opened.secrets.length === 1) {
            throw new Problem(409, 'A webhook has one secret at least: make the next one first')
          }
          await keep(deps, scope, channel, {
            ...opened,
            secrets: opened.secrets.filter((_, each) => each !== at),
          })
          return c.body(null, 204)
        },
      })
    }
  }
}

const nameOf = (c: Context): string => c.req.param('channel') ?? ''

const noChannel = () => new Problem(404, 'There is no channel of this name')

const lostOrFull = () =>
  new Problem(
    409,
    `Somebody else has changed this channel just now, or there are ${MOST_CHANNELS} channels ` +
      'already: read them again',
  )

async function theChannel({ channels }: Scope, c: Context): Promise<ChannelRow> {
  const channel = await channels.named(nameOf(c))
  if (!channel) throw noChannel()
  return channel
}

async function openWebhook(deps: ChannelDeps, channel: ChannelRow): Promise<ChannelSecrets> {
  const opened = channel.kind === 'webhook' && (await openChannel(channel, deps.sealing))
  if (!opened) throw new Problem(409, 'Only a webhook has secrets that sign')
  return opened
}

/** @throws {Problem} 409 where somebody else was faster */
async function keep(
  deps: ChannelDeps,
  { channels }: Scope,
  channel: ChannelRow,
  secrets: ChannelSecrets,
): Promise<void> {
  const row = { ...channel, ...(await sealedOf(deps, channel, secrets)), updatedAt: deps.now() }
  if (!(await channels.put(row, channel, MOST_CHANNELS))) throw lostOrFull()
}

async function sealedOf(
  { sealing }: ChannelDeps,
  channel: Pick<ChannelRow, 'id' | 'connectionId'>,
  secrets: ChannelSecrets,
): Promise<Pick<ChannelRow, 'target' | 'sealed'>> {
  const ids = await Promise.all(secrets.secrets.map((secret) => signingSecretId(secret)))
  return {
    target: { host: new URL(secrets.url).host, ...(ids.length > 0 && { secrets: ids }) },
    sealed: await sealing.seal(JSON.stringify(secrets), placeOf(channel)),
  }
}

async function draft(
  deps: ChannelDeps,
  { connection }: Scope,
  name: string,
  before: ChannelRow | undefined,
  body: Json,
): Promise<{ row: ChannelRow; secret: string | undefined }> {
  const parsed = channelInput.safeParse(body)
  if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
  if (!CHANNEL_NAME.test(name)) {
    throw invalidInput([{ path: 'name', message: 'must be like team-chat: letters, digits and -' }])
  }
  const { data } = parsed
  const { kind, enabled, severity } = data
  const now = deps.now()
  const common = {
    id: before?.id ?? deps.newId(),
    connectionId: connection?.id ?? OF_GATEWAY,
    ...{ name, kind, enabled, severity },
    version: (before?.version ?? 0) + 1,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  }
  if (data.kind === 'email') {
    const target: Target = { from: data.from, to: data.to }
    return { row: { ...common, target, sealed: null }, secret: undefined }
  }
  const isSame = before?.kind === data.kind
  // What is there need not open where all of it is given anew: a key may be lost.
  const needsOld = isSame && (data.url === undefined || data.kind === 'webhook')
  const old = needsOld && before ? await openChannel(before, deps.sealing) : undefined
  const address = data.url ?? old?.url
  if (address === undefined) throw invalidInput([{ path: 'url', message: 'is needed' }])
  const refusal = checkChannelUrl(address, deps)
  if (refusal !== undefined) {
    throw invalidInput([{ path: 'url', message: `is refused: ${refusal}` }])
  }
  const fresh = data.kind === 'webhook' && !old ? mintSigningSecret() : undefined
  const secrets = { url: address, secrets: fresh ? [fresh] : (old?.secrets ?? []) }
  return { row: { ...common, ...(await sealedOf(deps, common, secrets)) }, secret: fresh }
}

function viewOf({ name, kind, enabled, severity, target, createdAt, updatedAt }: ChannelRow) {
  return {
    ...{ name, kind, enabled, severity, ...target },
    created: new Date(createdAt).toISOString(),
    updated: new Date(updatedAt).toISOString(),
  }
}

export type ChannelView = ReturnType<typeof viewOf>
