/** Key sets of identity providers are called as apps are: no redirect, no other place, bounded. */
import { expect, test } from 'vitest'
import { KeySets, KeysUnavailable } from '../../src/access/key-sets.ts'
import { checkAppUrl } from '../../src/adapter/url.ts'

function keySets(answer: (init: RequestInit) => Response) {
  const called: { url: string; init: RequestInit }[] = []
  const sets = new KeySets({
    fetch: async (url, init) => {
      called.push({ url, init })
      return answer(init)
    },
    now: () => 1_770_000_000_000,
    checkUrl: (url) => checkAppUrl(url, { allowInsecure: false }),
  })
  const ask = (url: string) =>
    Promise.resolve(
      sets.of([url])({ alg: 'RS256', kid: 'x' }, { payload: '', signature: '' }),
    ).catch((error: unknown) => error)
  return { ask, called }
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
