import { expect, test } from 'vitest'
import * as z from 'zod'
import { type Adapter, type AnyPort, defineAdapter } from '../../src/adapter/contract.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import { createHttpClient } from '../../src/adapter/http.ts'
import { openPorts } from '../../src/adapter/open.ts'
import type { Pace } from '../../src/adapter/pace.ts'

/** Lets calls pass, or refuses them, and says what it was told. */
function paceOf(isOpen = true) {
  const asked: number[] = []
  const paused: number[] = []
  const pace: Pace = {
    async call(leftMs, send) {
      asked.push(leftMs)
      if (isOpen) return send()
      throw new AdapterFailure('rate', 'not now', { effect: 'none', retryAfterSeconds: 9 })
    },
    pause: (ms) => void paused.push(ms),
  }
  return { pace, asked, paused }
}

function clientOf(pace: Pace, answer: () => Response = () => Response.json({})) {
  const sent: string[] = []
  const client = createHttpClient({
    baseUrl: 'https://app.example.com/api',
    otherUrls: ['https://app.example.com/oauth', 'https://login.example.net'],
    fetch: async (url) => {
      sent.push(url)
      return answer()
    },
    now: () => 0,
    leftMs: () => 1_000,
    maxBytes: 10_000,
    allowInsecure: false,
    pace,
  })
  return { client, sent }
}

const get = { method: 'GET', path: '/a' } as const

test('each call of HTTP has a turn, for the time that it has; one that has none is not sent', async () => {
  const open = paceOf()
  const { client, sent } = clientOf(open.pace)
  await client.call(get)
  await client.call(get)
  expect(open.asked).toEqual([1_000, 1_000])
  expect(sent).toHaveLength(2)

  const closed = clientOf(paceOf(false).pace)
  await expect(closed.client.call(get)).rejects.toMatchObject({ code: 'rate', effect: 'none' })
  expect(closed.sent).toEqual([])
})

test('another address counts where it is the app’s own host, and nowhere else', async () => {
  const { pace, asked, paused } = paceOf()
  const full = () => Response.json({}, { headers: { RateLimit: '"a";r=0;t=5' } })
  const { client, sent } = clientOf(pace, full)
  await client.at('https://login.example.net').call(get)
  expect([asked, paused]).toEqual([[], []])
  await client.at('https://app.example.com/oauth').call(get)
  expect([asked, paused]).toEqual([[1_000], [5_000]])
  expect(sent).toHaveLength(2)
})

test('what an answer says of later calls is told, of a success and of a refusal', async () => {
  const { pace, paused } = paceOf()
  const answers = [
    new Response(null, { status: 429, headers: { 'Retry-After': '7' } }),
    Response.json({}, { headers: { 'X-RateLimit-Remaining': '0', 'RateLimit-Reset': '3' } }),
    Response.json({}, { headers: { 'X-RateLimit-Remaining': '9', 'RateLimit-Reset': '3' } }),
    new Response(null, { status: 503, headers: { 'Retry-After': '7' } }),
  ]
  const { client } = clientOf(pace, () => answers.shift() ?? Response.json({}))
  for (let i = 0; i < 4; i++) await client.call(get).catch(() => undefined)
  expect(paused).toEqual([7_000, 3_000])
})

/** An adapter whose every look-up reaches a database or a directory. */
const reaching = (kind: 'database' | 'ldap') =>
  defineAdapter({
    name: 'reaching',
    contract: 1,
    version: '1.0.0',
    settings: z.object({}),
    secrets: [],
    baseUrl: () => (kind === 'ldap' ? 'ldaps://app.example.com' : 'postgres://app.example.com/a'),
    resources: {
      User: {
        attributes: {},
        naming: 'login',
        capabilities: {
          lookups: [],
          list: { maxPage: 1, order: 'stable', skip: false },
          create: 'none',
          update: 'none',
          active: 'none',
          remove: 'none',
          membership: 'none',
          idsReused: false,
          idempotencyKey: false,
        },
        mapping: {},
      },
    },
    connect: (kit) => {
      const get = async () => {
        if (kind === 'ldap') await kit.ldap({ dn: 'cn=a', password: 'b' }).use(async () => null)
        else await kit.database({ user: 'a', password: 'b' }).read(async () => null)
        return null
      }
      return { User: { get, find: async () => [], list: async () => ({ items: [] }) } }
    },
  })

test.each(['database', 'ldap'] as const)('a %s is not reached before its turn', async (kind) => {
  const { pace, asked } = paceOf(false)
  const nobody = () => {
    throw new Error('it was reached')
  }
  const ports = openPorts(
    reaching(kind) as unknown as Adapter,
    { settings: {}, secrets: {}, leftMs: () => 1_000 },
    {
      fetch: nobody,
      dial: nobody,
      openDirectory: () => ({ use: nobody }),
      pace,
      now: () => 0,
      allowInsecure: false,
    },
  ) as Readonly<Record<string, AnyPort>>
  await expect(ports['User']?.get('1')).rejects.toMatchObject({ code: 'rate', effect: 'none' })
  expect(asked).toEqual([1_000])
})
