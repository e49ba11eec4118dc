/** A new connection from the pages alone: which app, what it needs, and where its data is kept. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import type { Env } from '../../src/env.ts'
import { openAdministration } from '../support/administrators.ts'
import { formOf } from '../support/form-of.ts'
import { openPages } from '../support/pages.ts'

const AT = '/new/sandbox'

async function open(databases: Readonly<Record<string, D1Database>>, changed: Partial<Env> = {}) {
  const api = openAdministration({ databases: new Map(Object.entries(databases)), env: changed })
  const pages = await openPages(api.fetch, env.POSTERN_ADMIN_TOKEN)
  const name = `t-${crypto.randomUUID()}`
  return { ...pages, api, name, make: (form = {}) => pages.post(AT, { name, ...form }) }
}

/** Texts of the choices, by what they send. */
const choicesIn = (html: string): Record<string, string> => {
  const [, inner = ''] = /<select id="database"[^>]*>(.*?)<\/select>/s.exec(html) ?? []
  const options = inner.matchAll(/<option value="([^"]*)"[^>]*>([^<]*)</g)
  return Object.fromEntries([...options].map(([, value, text]) => [value, text]))
}

test('where one database is bound, none is asked for', async () => {
  const { get, make, name, api } = await open({})
  const { html } = await get(AT)
  expect(html).toContain('id="name"')
  expect(html).not.toContain('id="database"')
  expect((await make()).status).toBe(201)
  expect(await api.must('GET', `/connections/${name}`)).toMatchObject({ database: 'DB' })
})

test('where several are bound, the one that is chosen holds the data, and the settings say so', async () => {
  const { get, make, name, api } = await open({ DB_2: env.SECOND_D1 })
  const { html } = await get(AT)
  expect(choicesIn(html)).toEqual({ '': 'the smallest one', DB: 'DB', DB_2: 'DB_2' })
  expect((await make({ database: 'DB_2' })).status).toBe(201)
  expect(await api.must('GET', `/connections/${name}`)).toMatchObject({ database: 'DB_2' })
  for (const role of ['auditor', 'operator'] as const) {
    const { token } = await api.administrator(role, [name])
    const { text } = await (await openPages(api.fetch, token)).get(`/connections/${name}/settings`)
    expect(text).toContain('data in the database DB_2')
  }
})

test('where nobody chooses, it is the one that is set for new connections, and the page says which', async () => {
  const { get, make, name, api } = await open(
    { DB_2: env.SECOND_D1 },
    { NEW_CONNECTIONS_DB: 'DB_2' },
  )
  const { html } = await get(AT)
  expect(choicesIn(html)['']).toBe('DB_2, as it is set for new connections')
  expect((await make({ database: '' })).status).toBe(201)
  expect(await api.must('GET', `/connections/${name}`)).toMatchObject({ database: 'DB_2' })
})

test('one that lacks migrations is refused with what to do, and the form comes back as it was sent', async () => {
  const { make, name, api } = await open({ DB_3: env.EMPTY_D1 })
  const sent = await make({ database: 'DB_3', mode: 'gate' })
  expect(sent.text).toContain('wrangler d1 migrations apply DB_3')
  const form = formOf(sent.html, 'sandbox')
  expect(form).toMatchObject({ name, mode: 'gate', database: 'DB_3' })
  const { status } = await api.ask('GET', `/connections/${name}`, {
    token: env.POSTERN_ADMIN_TOKEN,
  })
  expect(status).toBe(404)
})

test('one that is not bound is refused at its field', async () => {
  const { make } = await open({ DB_2: env.SECOND_D1 })
  const sent = await make({ database: 'DB_9' })
  expect(sent.html).toContain('href="#database"')
  expect(sent.html).toContain('aria-describedby="database-hint database-error"')
})
