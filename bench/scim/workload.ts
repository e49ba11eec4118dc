/** The work that is measured: filters over people, and PATCH requests on one person. */
import type { JsonObject } from '../../src/scim/schema.ts'
import { ENTERPRISE_USER, PATCH_OP, USER } from '../../src/scim/urn.ts'

export const PEOPLE: readonly JsonObject[] = Array.from({ length: 1_000 }, (_, n) => ({
  schemas: [USER, ENTERPRISE_USER],
  id: `id-${n}`,
  externalId: `ext-${n}`,
  userName: `person${n}@example.com`,
  name: { givenName: `Given${n}`, familyName: `Family${n % 50}` },
  displayName: `Given${n} Family${n % 50}`,
  title: n % 3 === 0 ? 'Welder' : 'Painter',
  active: n % 4 !== 0,
  emails: [
    { value: `person${n}@example.com`, type: 'work', primary: true },
    { value: `person${n}@home.example`, type: 'home' },
  ],
  [ENTERPRISE_USER]: { department: `D${n % 20}`, employeeNumber: String(n) },
  meta: {
    resourceType: 'User',
    created: new Date(Date.UTC(2024, 0, 1 + (n % 700))).toISOString(),
    lastModified: new Date(Date.UTC(2025, 0, 1 + (n % 300))).toISOString(),
    location: `https://gw.example/Users/id-${n}`,
  },
}))

/** What Entra asks, what administrators write, and one that is long. */
export const FILTERS: Readonly<Record<string, string>> = {
  match: 'userName eq "person500@example.com"',
  'and, or': 'title eq "Welder" and active eq true or externalId eq "ext-7"',
  grouped: 'active eq true and (displayName sw "Given9" or name.familyName eq "Family7")',
  'value path': 'emails[type eq "work" and value co "person77"]',
  date: 'meta.lastModified gt "2025-06-01T00:00:00Z"',
  long: Array.from({ length: 50 }, (_, n) => `externalId eq "ext-${n * 7}"`).join(' or '),
}

function patch(...operations: JsonObject[]): JsonObject {
  return { schemas: [PATCH_OP], Operations: operations }
}

export const PATCHES: Readonly<Record<string, JsonObject>> = {
  'one attribute': patch({ op: 'replace', path: 'displayName', value: 'Ilse Vargaard' }),
  disable: patch({ op: 'replace', path: 'active', value: false }),
  'value path': patch({
    op: 'replace',
    path: 'emails[type eq "work"].value',
    value: 'x@y.example',
  }),
  'without path': patch({
    op: 'replace',
    value: { displayName: 'I V', title: 'Chief', name: { givenName: 'I', familyName: 'V' } },
  }),
  'five operations': patch(
    { op: 'replace', path: 'name.givenName', value: 'I' },
    { op: 'replace', path: 'title', value: 'Chief' },
    { op: 'add', path: 'emails', value: [{ value: 'o@x.example', type: 'other' }] },
    { op: 'remove', path: 'emails[type eq "home"]' },
    { op: 'add', path: 'nickName', value: 'Il' },
  ),
}
