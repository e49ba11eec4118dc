/** The apps of several connections: some at addresses of their own, some behind one that tells tenants by key. */
import { DESK_KEY, openDesk, type TestDesk } from '../support/open-desk.ts'
import type { Marks, Owner } from './marks.ts'

export interface App {
  readonly owner: Owner
  readonly desk: TestDesk
  readonly url: string
  /** What the app takes now. */
  key: string
  /** Given out to those who have signed in. */
  readonly sessions: Set<string>
}

export class Apps {
  readonly #marks: Marks
  readonly #apps: App[] = []

  constructor(marks: Marks) {
    this.#marks = marks
  }

  /** @param sharedUrl of one for all tenants, who sign in by their key */
  open(owner: Owner, sharedUrl?: string): App {
    const url = sharedUrl ?? `http://app-${owner.hex}.test`
    const key = `key-${owner.hex}-1`
    const app = { owner, desk: openDesk(), url, key, sessions: new Set<string>() }
    this.#apps.push(app)
    return app
  }

  readonly fetch = async (input: string, init: RequestInit): Promise<Response> => {
    const { origin, pathname } = new URL(input)
    const here = this.#apps.filter(({ url }) => url === origin)
    if (here.length === 0) throw new TypeError('this is the app of another test')
    const headers = new Headers(init.headers)
    const body = typeof init.body === 'string' ? init.body : ''
    if (pathname === '/login') {
      const { key } = JSON.parse(body) as { key: string }
      const tenant = here.find((app) => app.key === key)
      if (!tenant) return Response.json({ fault: { code: 'E_KEY' } }, { status: 401 })
      const token = `ses-${tenant.owner.hex}-${tenant.sessions.size + 1}`
      tenant.sessions.add(token)
      return Response.json({ token })
    }
    const shown = headers.get('x-session') ?? headers.get('x-desk-key') ?? ''
    const app = here.find(({ key, sessions }) => key === shown || sessions.has(shown))
    if (!app) {
      // A key that was changed is refused; one of somebody else is a leak.
      const [owner] = here
      if (owner && here.length === 1)
        this.#marks.check(owner.owner, 'a call', shown, ['key', 'ses'])
      return Response.json({ fault: { code: 'E_KEY' } }, { status: 401 })
    }
    const what = `the call ${init.method} ${pathname}`
    const text = `${input} ${body} ${JSON.stringify([...headers])}`
    this.#marks.check(app.owner, what, text, ['val', 'app', 'key', 'ses'])
    return app.desk.fetch(input, { ...init, headers: { 'x-desk-key': DESK_KEY } })
  }
}
