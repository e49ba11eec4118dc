import { exports } from 'cloudflare:workers'
import { expect, test } from 'vitest'

test('GET /healthz answers 200 when requests can be served', async () => {
  const response = await exports.default.fetch('https://gw.example/healthz')
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ status: 'ok' })
})
