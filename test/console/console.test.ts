/** The console by its front door: sessions, who sees what, and what other sites can do (nothing). */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { openAdministration } from '../support/administrators.ts'
import { openPages } from '../support/pages.ts'

const ORIGIN = 'https://gw.example'
const SAME = { 'sec-fetch-site': 'same-origin', origin: ORIGIN }

function openConsole() {
  const api = openAdministration()

  const ask = (
    method: string,
    path: string,
    {
      cookie,
      form,
      headers = SAME,
    }: { cookie?: string; form?: Record<string, string>; headers?: Record<string, string> } = {},
  ) =>
    api.fetch(
      new Request(`${ORIGIN}/admin${path}`, {
        method,
        redirect: 'manual',
        headers: {
          ...headers,
          ...(cookie !== undefined && { cookie }),
          ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(form && { body: new URLSearchParams(form).toString() }),
      }),
    )

  const signIn = (token: string, headers?: Record<string, string>) =>
    ask('POST', '/sign-in', { form: { token }, ...(headers && { headers }) })

  return {
    api,
    ask,
    signIn,
    /** A session of an administrator who was made for this. */
    async session(role: 'auditor' | 'operator' | 'owner', connections?: readonly string[]) {
      const made = await api.administrator(role, connections)
      const response = await signIn(made.token)
      expect(response.status).toBe(303)
      const cookie = (response.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? ''
      return { ...made, cookie }
    },
    async page(path: string, cookie: string) {
      const response = await ask('GET', path, { cookie })
      return { status: response.status, html: await response.text(), headers: response.headers }
    },
  }
}

describe('a session', () => {
  test('begins by a token, in a cookie that no script and no other site gets', async () => {
    const { api, signIn, page } = openConsole()
    const { token } = await api.administrator('auditor')
    const response = await signIn(token)
    expect(response.status).toBe(303)
    const cookie = response.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^__Host-postern=/)
    for (const part of ['HttpOnly', 'Secure', 'SameSite=Strict']) expect(cookie).toContain(part)
    expect(cookie).not.toContain(token)
    const { status } = await page('', cookie.split(';', 1)[0] ?? '')
    expect(status).toBe(200)
  })

  test('does not begin by a wrong token, nor from another site', async () => {
    const { api, signIn } = openConsole()
    const { token } = await api.administrator('auditor')
    const wrong = await signIn('psa_wrong')
    expect([wrong.status, wrong.headers.get('set-cookie')]).toEqual([401, null])
    const foreign = await signIn(token, {
      'sec-fetch-site': 'cross-site',
      origin: 'https://evil.example',
    })
    expect([foreign.status, foreign.headers.get('set-cookie')]).toEqual([403, null])
  })

  test('ends with its token, and after twelve hours', async () => {
    const console = openConsole()
    const { cookie } = await console.session('auditor')
    console.api.clock.now += 11 * 3_600_000
    expect((await console.page('', cookie)).status).toBe(200)
    console.api.clock.now += 2 * 3_600_000
    expect((await console.page('', cookie)).status).toBe(303)

    const other = await console.session('auditor')
    expect((await console.page('', other.cookie)).status).toBe(200)
    await console.api.must('DELETE', `/administrators/${other.id}`)
    expect((await console.page('', other.cookie)).status).toBe(303)
  })

  test('does not make the admin API write for a page of another site', async () => {
    const { ask, session } = openConsole()
    const { cookie } = await session('owner')
    const headers = { 'sec-fetch-site': 'same-site', origin: 'https://other.gw.example' }
    const form = { label: 'theirs' }
    const byPage = await ask('POST', '/connections/demo/tokens', { cookie, headers, form })
    expect(byPage.status).toBe(403)
    const byApi = await ask('POST', '/api/connections', { cookie, headers, form })
    expect(byApi.status).toBe(403)
  })

  test('is asked for first, and leads back to the page', async () => {
    const { ask } = openConsole()
    const response = await ask('GET', '/connections/demo/tokens')
    const to = '/admin/sign-in?next=%2Fadmin%2Fconnections%2Fdemo%2Ftokens'
    expect([response.status, response.headers.get('location')]).toEqual([303, to])
  })

  test.each(['https://evil.example', '//evil.example', '/admin\\evil', '/admins', 'javascript:1'])(
    'never leads to %s',
    async (next) => {
      const { api, ask } = openConsole()
      const { token } = await api.administrator('auditor')
      const response = await ask('POST', '/sign-in', { form: { token, next } })
      expect(response.headers.get('location')).toBe('/admin')
    },
  )
})

/** Of a connection. */
const PAGES = [
  ...[
    '',
    '/tokens',
    '/findings',
    '/people',
    '/audit',
    '/reconcile',
    '/preflight',
    '/guard',
    '/groups',
  ],
]

describe('a page', () => {
  test('may load nothing from elsewhere, run no code of its own, and be in no frame', async () => {
    const { session, page } = openConsole()
    const { cookie } = await session('owner')
    const { headers, html } = await page('', cookie)
    const csp = headers.get('content-security-policy') ?? ''
    expect(csp).toContain("default-src 'none'")
    expect(csp).toContain("frame-ancestors 'none'")
    expect(csp).not.toContain('unsafe')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(html).toMatch(/^<!DOCTYPE html>/)
    expect(html).not.toMatch(/<script(?![^>]* src="\/admin\/console\.js")/)
    expect(html).not.toMatch(/ style=| on\w+=/)
  })

  test('shows what people have entered as text', async () => {
    const { api, session, page } = openConsole()
    const connection = await api.connect()
    const { cookie } = await session('owner')
    const label = '<img src=x onerror=alert(1)>'
    await api.must('POST', `/connections/${connection}/tokens`, { label })
    const { html } = await page(`/connections/${connection}/tokens`, cookie)
    expect(html).toContain('&lt;img src=x')
    expect(html).not.toContain('<img')
  })

  test('shows an auditor no buttons', async () => {
    const { api, session, page } = openConsole()
    const connection = await api.connect()
    const auditor = await session('auditor')
    const operator = await session('operator')
    for (const path of PAGES) {
      const at = `/connections/${connection}${path}`
      const { html, status } = await page(at, auditor.cookie)
      expect(status).toBe(200)
      expect(html.match(/<form method="post"[^>]*>/g)).toEqual([
        '<form method="post" action="/admin/sign-out">',
      ])
    }
    const { html } = await page(`/connections/${connection}`, operator.cookie)
    expect(html).toContain('Set to paused')
  })

  test('shows a connection to those alone whose it is', async () => {
    const { api, session, page } = openConsole()
    const [theirs, other] = [await api.connect(), await api.connect()]
    const { cookie } = await session('operator', [theirs])
    const { html } = await page('', cookie)
    expect(html).toContain(`/admin/connections/${theirs}"`)
    expect(html).not.toContain(other)
    expect(html).not.toContain('New connection')
    const foreign = await page(`/connections/${other}`, cookie)
    expect(foreign.status).toBe(404)
    expect((await page('/new', cookie)).status).toBe(403)
  })
})

describe('what a form asks for', () => {
  test('is done by the admin API: the mode is set, and the log has who', async () => {
    const { api, ask, session, page } = openConsole()
    const connection = await api.connect()
    const { cookie, id } = await session('operator')
    const at = `/connections/${connection}/mode`
    const response = await ask('POST', at, { cookie, form: { mode: 'paused' } })
    expect(response.status).toBe(303)
    expect((await page(`/connections/${connection}`, cookie)).html).toContain('Answers nobody.')
    expect(api.lines).toContainEqual(
      expect.objectContaining({ event: 'admin.request', administrator: id, method: 'PATCH' }),
    )
  })

  test('is refused to an auditor who sends it by hand', async () => {
    const { api, ask, session } = openConsole()
    const connection = await api.connect()
    const { cookie } = await session('auditor')
    const at = `/connections/${connection}/mode`
    const response = await ask('POST', at, { cookie, form: { mode: 'paused' } })
    expect(await response.text()).toContain('This needs the role')
    const { mode } = await api.must('GET', `/connections/${connection}`)
    expect(mode).toBe('live')
  })

  test('makes a token that is shown once, and revokes it', async () => {
    const { api, ask, session, page } = openConsole()
    const connection = await api.connect()
    const { cookie } = await session('operator')
    const at = `/connections/${connection}/tokens`
    const made = await ask('POST', at, {
      cookie,
      form: { label: 'Entra', expiresAt: '2199-01-01' },
    })
    expect(await made.text()).toMatch(/pst_[\w-]{43}/)
    expect((await page(at, cookie)).html).not.toContain('pst_')
    const { items } = await api.must('GET', at)
    const [token] = items.filter((one: { label: string }) => one.label === 'Entra')
    expect(token.expiresAt).toBe('2199-01-01T23:59:59.000Z')
    await ask('POST', `${at}/${token.id}/revoke`, { cookie, form: {} })
    expect((await page(at, cookie)).html).not.toContain(token.id)
  })

  test('comes back with what is wrong, and without secrets', async () => {
    const { ask, session } = openConsole()
    const { cookie } = await session('operator')
    const form = { name: 'Not A Name', 'settings.url': 'nowhere', 'secrets.apiKey': 'hunter2-key' }
    const html = await (await ask('POST', '/new/example', { cookie, form })).text()
    expect(html).toContain('href="#settings.url"')
    expect(html).toContain('value="Not A Name"')
    expect(html).not.toContain('hunter2-key')
  })
})

describe('a form', () => {
  /** A body that says how much of it was read. */
  function long() {
    const read = { bytes: 0 }
    const body = new ReadableStream<Uint8Array>(
      {
        pull(to) {
          read.bytes += 10_000
          if (read.bytes > 4_000_000) to.close()
          else to.enqueue(new Uint8Array(10_000))
        },
      },
      { highWaterMark: 0 },
    )
    return { read, body }
  }
  const send = (
    fetch: ReturnType<typeof openConsole>['api']['fetch'],
    path: string,
    body: ReadableStream,
  ) =>
    fetch(
      new Request(`${ORIGIN}/admin${path}`, {
        ...{ method: 'POST', redirect: 'manual', headers: SAME, body },
      }),
    )

  test('of who has not signed in is not read', async () => {
    const { api } = openConsole()
    for (const path of ['/connections/x/preflight', '/connections/x/settings', '/manifests/new']) {
      const { read, body } = long()
      const response = await send(api.fetch, path, body)
      expect([response.status, response.headers.get('location')]).toEqual([
        303,
        '/admin/sign-in?next=%2Fadmin',
      ])
      expect(read.bytes).toBeLessThan(100_000)
    }
  })

  test('to sign in with has a few kilobytes at the most', async () => {
    const { api } = openConsole()
    const { read, body } = long()
    expect((await send(api.fetch, '/sign-in', body)).status).toBe(413)
    expect(read.bytes).toBeLessThan(100_000)
  })
})

test('where nobody can find out what is wrong, the first page says so and shows the rest', async () => {
  const broken = {
    prepare: (query: string) =>
      // Of the control tables: a database of data that fails is a condition itself.
      env.DB.prepare(query.includes("'client-secret'") ? 'SELECT 1 FROM nothing' : query),
    batch: (statements: D1PreparedStatement[]) => env.DB.batch(statements),
  } as unknown as D1Database
  const api = openAdministration({ env: { DB: broken } })
  const name = await api.connect()
  const { get } = await openPages(api.fetch, (await api.administrator('auditor', [name])).token)
  for (const path of ['', `/connections/${name}`]) {
    const { status, text } = await get(path)
    expect(status).toBe(200)
    expect(text).toContain('What is wrong could not be found out just now')
    expect(text).toContain(name)
  }
})
