import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { policySchema } from '../../src/access/policy.ts'
import { schemaOf } from '../../src/admin/describe-adapter.ts'
import { isObject } from '../../src/scim/values.ts'
import { openAdministration } from '../support/administrators.ts'
import { DESK_KEY, DESK_URL, openDesk } from '../support/open-desk.ts'

/** Where a policy names something of a schema or an app: `match[].app`, `drift{}`. */
function placesIn(schema: unknown, at = ''): string[] {
  if (!isObject(schema)) return []
  const { names, properties, items, anyOf, propertyNames, additionalProperties } = schema
  return [
    ...(names === undefined ? [] : [at]),
    ...(isObject(properties) ? Object.entries(properties) : []).flatMap(([name, one]) =>
      placesIn(one, at === '' ? name : `${at}.${name}`),
    ),
    ...placesIn(items, `${at}[]`),
    ...(Array.isArray(anyOf) ? anyOf : []).flatMap((one) => placesIn(one, at)),
    ...placesIn(propertyNames, `${at}{}`),
    ...placesIn(additionalProperties, `${at}{}`),
  ]
}

const role = { externalId: 'g', app: 'role', value: 'lead' }
/** At each place, a name that nobody knows. */
const STRANGE: Readonly<Record<string, object>> = {
  'match[].scim': { match: [{ scim: 'nobody' }] },
  'match[].app': { match: [{ scim: 'userName', app: 'nobody' }] },
  'attributes{}': { attributes: { nobody: 'drop' } },
  'drift{}': { drift: { nobody: 'report' } },
  'deprovision.downgradeTo{}': {
    deprovision: { onInactive: 'downgrade', downgradeTo: { nobody: 'x' } },
  },
  'protected[].app': { protected: [{ app: 'nobody', pattern: 'x' }] },
  'exclude[].app': { exclude: [{ app: 'nobody', pattern: 'x' }] },
  'groups.roleTable[].app': { groups: { mode: 'roles', roleTable: [{ ...role, app: 'nobody' }] } },
  'groups.defaultRole{}': {
    groups: { mode: 'roles', roleTable: [role], defaultRole: { role: 'staff', nobody: 'x' } },
  },
}

test('a policy that names what nobody has is refused, wherever it names something', async () => {
  expect(Object.keys(STRANGE).sort()).toEqual([...new Set(placesIn(schemaOf(policySchema)))].sort())
  const api = openAdministration({ fetch: openDesk().fetch, env: { POSTERN_DEV: '1' } })
  for (const [place, policy] of Object.entries(STRANGE)) {
    const name = `t-${crypto.randomUUID()}`
    const connection = { name, adapter: 'example', settings: { url: DESK_URL }, policy }
    const { status, body } = await api.ask('POST', '/connections', {
      token: env.POSTERN_ADMIN_TOKEN,
      body: { ...connection, secrets: { apiKey: DESK_KEY } },
    })
    const paths = (body.errors ?? []).map(({ path }: { path: string }) => path)
    expect([place, status, paths]).toEqual([place, 422, [expect.stringContaining('policy')]])
  }
})
