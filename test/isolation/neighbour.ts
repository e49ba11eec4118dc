/** One connection among others that look the same, and the client and administrator that it has. */
import { env } from 'cloudflare:workers'
import { ORIGIN } from '../support/gateway.ts'
import type { Isolate } from '../support/isolate.ts'
import { connectionId } from '../support/tables.ts'
import { brownfield } from '../support/world.ts'
import type { App, Apps } from './apps.ts'
import { Canon, type Marks, newHex, type Owner } from './marks.ts'

export const ADAPTERS = ['example', 'manifest', 'sandbox'] as const

export interface Reply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes
  readonly body: any
}

/** One life of a connection. */
export interface Life {
  readonly owner: Owner
  readonly id: string
  readonly app: App | undefined
  /** The newest comes last; those before may have been revoked. */
  readonly tokens: { readonly id: string; readonly token: string }[]
  /** SCIM ids by user name or group name, as the client was told. */
  readonly ids: Map<string, string>
}

/** People of every connection have these names, and the first of them had an account before. */
export const userName = (n: number): string => `person${n}@shared.example`
export const groupName = (n: number): string => `Group ${n}`
const KNOWN = 2

export class Neighbour {
  readonly name: string
  readonly lives: Life[] = []
  readonly #nameHex = newHex()
  readonly #adapter: (typeof ADAPTERS)[number]
  readonly #marks: Marks
  readonly #apps: Apps
  readonly #shared: { readonly manifest: string; readonly url: string }
  /** What its client and its administrator saw, in which nothing differs from run to run. */
  readonly trace: string[] = []
  readonly canon = new Canon()
  /** Holds its data. */
  readonly d1: D1Database

  constructor(
    adapter: (typeof ADAPTERS)[number],
    { marks, apps }: { readonly marks: Marks; readonly apps: Apps },
    shared: { readonly manifest: string; readonly url: string },
    isElsewhere: boolean,
  ) {
    this.d1 = isElsewhere ? env.SECOND_D1 : env.DB
    this.name = `con-${this.#nameHex}`
    this.#adapter = adapter
    this.#marks = marks
    this.#apps = apps
    this.#shared = shared
  }

  get life(): Life {
    const life = this.lives.at(-1)
    if (!life) throw new Error('this connection was never made')
    return life
  }

  /** Makes the connection, or makes it anew. */
  async begin(isolate: Isolate): Promise<Reply> {
    const owner = { hex: newHex(), nameHex: this.#nameHex }
    const isShared = this.#adapter === 'manifest'
    const app =
      this.#adapter === 'sandbox'
        ? undefined
        : this.#apps.open(owner, isShared ? this.#shared.url : undefined)
    if (app) {
      for (let n = 0; n < KNOWN; n++) {
        brownfield(app, userName(n), { job_title: `Was val-${owner.hex}` })
      }
    }
    const created = await this.#send(isolate, owner, 'POST', '/admin/api/connections', ADMIN, {
      name: this.name,
      adapter: isShared ? this.#shared.manifest : this.#adapter,
      database: this.d1 === env.DB ? 'DB' : 'DB_2',
      policy: { guard: { maxCount: 10_000, maxPercent: 100 } },
      ...(app && { settings: { url: app.url }, secrets: { apiKey: app.key } }),
    })
    if (created.status !== 201) throw new Error(JSON.stringify(created.body))
    const { token, tokenId } = created.body
    const id = await connectionId(this.name)
    this.lives.push({ owner, id, app, tokens: [{ id: tokenId, token }], ids: new Map() })
    return created
  }

  /** As its client, with the newest token of this life unless said otherwise. */
  scim(
    isolate: Isolate,
    method: string,
    path: string,
    body?: unknown,
    as: { readonly life: Life; readonly token?: string } = { life: this.life },
  ): Promise<Reply> {
    const { owner, tokens } = as.life
    const token = as.token ?? tokens.at(-1)?.token ?? ''
    return this.#send(isolate, owner, method, `/scim/${this.name}/v2${path}`, token, body)
  }

  /** As an administrator, below the connection. */
  admin(isolate: Isolate, method: string, path: string, body?: unknown): Promise<Reply> {
    const route = `/admin/api/connections/${this.name}${path}`
    return this.#send(isolate, this.life.owner, method, route, ADMIN, body)
  }

  async #send(
    isolate: Isolate,
    owner: Owner,
    method: string,
    path: string,
    bearer: string,
    body: unknown,
  ): Promise<Reply> {
    const isScim = path.startsWith('/scim/')
    const response = await isolate.fetch(
      new Request(ORIGIN + path, {
        method,
        headers: {
          authorization: `Bearer ${bearer}`,
          'content-type': isScim ? 'application/scim+json' : 'application/json',
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    )
    const text = await response.text()
    const where = `the answer to ${method} ${path}`
    this.#marks.check(owner, where, `${text} ${JSON.stringify([...response.headers])}`)
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
  }
}

const ADMIN = env.POSTERN_ADMIN_TOKEN
