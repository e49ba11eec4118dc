import { expect, test } from 'vitest'
import { certificatesIn } from '../src/env.ts'

test('certificates are the bindings of that name alone: no service can be called through one', async () => {
  const fetcher = { fetch: async (url: string) => new Response(url) }
  const found = certificatesIn({ MTLS_ACME: fetcher, INTERNAL: fetcher, MTLS_TEXT: 'x', DB: {} })
  expect([...found.keys()]).toEqual(['MTLS_ACME'])
  expect(await (await found.get('MTLS_ACME')?.('https://a.example', {}))?.text()).toBe(
    'https://a.example',
  )
})
