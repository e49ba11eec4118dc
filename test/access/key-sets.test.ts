/** Key sets of identity providers are called as apps are: no redirect, no other place, bounded. */
import { exportJWK, generateKeyPair } from 'jose'
import { describe, expect, test } from 'vitest'
import { KeySets, KeysUnavailable } from '../../src/access/key-sets.ts'
import { checkAppUrl } from '../../src/adapter/url.ts'
import { virtualTime } from '../support/virtual-time.ts'

const NOW = 1_770_000_000_000
const OWNER = 'connection'

function keySets(answer: (init: RequestInit) => Response | Promise<Response>) {
  const called: { url: string; init: RequestInit }[] = []
  const time = virtualTime(NOW, 3)
  const clock = { setBackMs: 0 }
  const sets = new KeySets({
    fetch: async (url, init) => {
      called.push({ url, init })
      return answer(init)
    },
    now: () => time.now() - clock.setBackMs,
    wait: time.wait,
    checkUrl: (url) => checkAppUrl(url, { allowInsecure: false }),
  })
  const ask = (url: string, owner = OWNER, kid = 'x') =>
    Promise.resolve(
      sets.of(owner, [url])({ alg: 'RS256', kid }, { payload: '', signature: '' }),
    ).catch((error: unknown) => error)
  return { ask, called, time, clock }
}

const URL_OF_KEYS = 'https://keys.example.com/jwks'

test('a redirect of a key set is not followed: its keys cannot be had', async () => {
  const { ask, called } = keySets(() => Response.redirect('https://evil.example.com/jwks', 302))
  expect(await ask(URL_OF_KEYS)).toBeInstanceOf(KeysUnavailable)
  expect(called.map(({ url, init }) => [url, init.redirect])).toEqual([[URL_OF_KEYS, 'manual']])
})

test.each([
  'https://127.0.0.1/jwks',
  'https://[::1]/jwks',
  'http://keys.example.com',
  'https://dc.corp',
])('a key set at %s is never called', async (url) => {
  const { ask, called } = keySets(() => Response.json({ keys: [] }))
  expect(await ask(url)).toBeInstanceOf(KeysUnavailable)
  expect(called).toEqual([])
})

test.each([
  ['larger than any is', () => new Response(`{"keys":[],"x":"${'x'.repeat(300_000)}"}`)],
  ['no JSON', () => new Response('<html>')],
  ['no list of keys', () => Response.json({ keys: 'none' })],
])('a key set that is %s holds no keys', async (_, answer) => {
  const { ask, called } = keySets(answer)
  expect(await ask(URL_OF_KEYS)).toBeInstanceOf(KeysUnavailable)
  expect(called.every(({ init }) => init.signal instanceof AbortSignal)).toBe(true)
})

/** A provider whose answers take a while. */
async function slowKeySets(ms = 300) {
  const { publicKey } = await generateKeyPair('RS256')
  const keys: object[] = [{ ...(await exportJWK(publicKey)), kid: 'x', alg: 'RS256' }]
  const mode = { isDown: false, isSilent: false }
  const opened = keySets(async () => {
    if (mode.isSilent) return new Promise<never>(() => {})
    await opened.time.wait(ms)
    return mode.isDown ? new Response('no', { status: 500 }) : Response.json({ keys })
  })
  const add = (kid: string) => keys.push({ ...keys[0], kid })
  return { ...opened, mode, add }
}

const isKey = (found: unknown) => found instanceof CryptoKey

describe('requests that come at once', () => {
  test('have a set that nobody has yet read once, for all of them', async () => {
    const { ask, called, time } = await slowKeySets()
    const found = await time.pass(Promise.all(Array.from({ length: 20 }, () => ask(URL_OF_KEYS))))
    expect(found.every(isKey)).toBe(true)
    expect(called).toHaveLength(1)
  })

  test('have a set that cannot be read asked for once, and come again', async () => {
    const { ask, called, time, mode } = await slowKeySets()
    mode.isDown = true
    const found = await time.pass(Promise.all(Array.from({ length: 20 }, () => ask(URL_OF_KEYS))))
    expect(found.every((one) => one instanceof KeysUnavailable)).toBe(true)
    expect(called).toHaveLength(1)
  })

  test('with a new key all wait for the one reading that has it', async () => {
    const { ask, called, time, add } = await slowKeySets()
    await time.pass(ask(URL_OF_KEYS))
    add('new')
    await time.pass(time.wait(60_000))
    const all = Array.from({ length: 20 }, () => ask(URL_OF_KEYS, OWNER, 'new'))
    expect((await time.pass(Promise.all(all))).every(isKey)).toBe(true)
    expect(called).toHaveLength(2)
  })

  test('go by what is an hour old while one of them reads it anew', async () => {
    const { ask, called, time } = await slowKeySets()
    await time.pass(ask(URL_OF_KEYS))
    await time.pass(time.wait(3_600_000))
    const reading = ask(URL_OF_KEYS)
    const before = time.now()
    expect(isKey(await time.pass(ask(URL_OF_KEYS)))).toBe(true)
    expect(time.now()).toBe(before)
    await time.pass(reading)
    expect(called).toHaveLength(2)
  })

  test('wait no longer than six seconds for one that was cut off', async () => {
    const { ask, called, time, mode } = await slowKeySets()
    mode.isSilent = true
    void ask(URL_OF_KEYS)
    while (called.length === 0) await Promise.resolve()
    mode.isSilent = false
    const before = time.now()
    expect(isKey(await time.pass(ask(URL_OF_KEYS)))).toBe(true)
    expect(time.now() - before).toBeLessThan(7_000)
    expect(called).toHaveLength(2)
  })
})

test('a connection that names set after set pushes out none of another one', async () => {
  const { ask, time, mode } = await slowKeySets(0)
  await time.pass(ask(URL_OF_KEYS, 'victim'))
  const flood = Array.from({ length: 450 }, (_, i) => ask(`${URL_OF_KEYS}/${i}`, 'flood'))
  await time.pass(Promise.all(flood))
  // What is old is all there is while the provider does not answer.
  mode.isDown = true
  await time.pass(time.wait(3_600_000))
  expect(isKey(await time.pass(ask(URL_OF_KEYS, 'victim')))).toBe(true)
})

test('what one connection could not read does not keep another from reading it', async () => {
  const { ask, time, mode } = await slowKeySets()
  mode.isDown = true
  await time.pass(ask(URL_OF_KEYS, 'first'))
  mode.isDown = false
  expect(isKey(await time.pass(ask(URL_OF_KEYS, 'second')))).toBe(true)
})

test('keys are read again after an hour, also where the clock is set back meanwhile', async () => {
  const { ask, called, time, clock } = await slowKeySets()
  await time.pass(ask(URL_OF_KEYS))
  clock.setBackMs = 48 * 3_600_000
  await time.pass(ask(URL_OF_KEYS))
  expect(called).toHaveLength(1)
  await time.pass(time.wait(3_600_000))
  await time.pass(ask(URL_OF_KEYS))
  expect(called).toHaveLength(2)
})
