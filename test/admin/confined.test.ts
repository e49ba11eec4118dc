/** What is bound to the Worker is for those who are limited to no connections. */
import { expect, test } from 'vitest'
import { refuseBeyondLimits } from '../../src/admin/confined.ts'
import type { AdapterDescription } from '../../src/admin/describe-adapter.ts'

const adapter: AdapterDescription = {
  checkSettings: async ({ url, certificate }) => ({
    ok: true,
    baseUrl: String(url),
    certificate: certificate === undefined ? undefined : String(certificate),
  }),
  secrets: [],
  resourceAttributes: () => 'any',
  declaresTypes: false,
}

const draft = (settings: object) => ({
  ...{ adapter: 'crm', mapping: {}, policy: {}, extensions: [], resourceTypes: [], secrets: [] },
  settings: { ...settings },
})

function change(
  before: object,
  after: object,
  described: AdapterDescription | undefined = adapter,
) {
  const patch = { settings: {}, secrets: {} }
  return refuseBeyondLimits(draft(before), draft(after), patch, {
    describeAdapter: () => described,
    checkAppUrl: () => undefined,
    hasCertificate: () => true,
  })
}

const PLAIN = { url: 'https://a.example' }
const CERTIFIED = { url: 'https://a.example', certificate: 'MTLS_ACME' }

test.each([
  ['a client certificate is chosen', PLAIN, CERTIFIED],
  [
    'a client certificate is shown elsewhere',
    CERTIFIED,
    { ...CERTIFIED, url: 'https://b.example' },
  ],
  ['a client certificate is left out', CERTIFIED, PLAIN],
  ['a database behind Hyperdrive is chosen', PLAIN, { url: 'hyperdrive:CRM' }],
  ['another database behind Hyperdrive', { url: 'hyperdrive:CRM' }, { url: 'hyperdrive:ERP' }],
])('a change is refused where %s', async (_, before, after) => {
  await expect(change(before, after)).rejects.toMatchObject({ status: 403 })
})

test('settings of an adapter in a Worker of its own are not for them', async () => {
  const moved = { url: 'https://b.example' }
  const isPrivate = { ...adapter, isPrivate: true }
  await expect(change(PLAIN, moved, isPrivate)).rejects.toMatchObject({ status: 403 })
  await expect(change(PLAIN, moved)).resolves.toBeUndefined()
  await expect(change(PLAIN, PLAIN, isPrivate)).resolves.toBeUndefined()
})
