import * as z from 'zod'

const TIMEOUT_MS = 30_000
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

const listSchema = z.object({ totalResults: z.number() })
const userSchema = z.object({ id: z.string(), userName: z.string(), active: z.boolean() })

export interface Check {
  readonly title: string
  /** undefined: passed. */
  readonly failure?: string
}

/** A client's first minutes, over HTTP: discovery, a match query, and one throwaway person's life. */
export async function* selfCheck(
  scimBaseUrl: string,
  token: string,
  runId: string,
): AsyncGenerator<Check> {
  const userName = `postern.self-check.${runId}@example.com`
  let id = ''

  const call = async (method: string, path: string, status: number, body?: unknown) => {
    const response = await fetch(`${scimBaseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/scim+json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = await response.text()
    if (response.status !== status) throw new Error(`${response.status}, not ${status}: ${text}`)
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  }
  const readUser = async () => userSchema.parse(await call('GET', `/Users/${id}`, 200))
  const count = async () => {
    const filter = encodeURIComponent(`userName eq "${userName}"`)
    return listSchema.parse(await call('GET', `/Users?filter=${filter}`, 200)).totalResults
  }
  const expect = (actual: unknown, expected: unknown, what: string) => {
    if (actual !== expected) throw new Error(`${what} is ${actual}, not ${expected}`)
  }

  const steps: [title: string, run: () => Promise<void>][] = [
    ...['ServiceProviderConfig', 'ResourceTypes', 'Schemas'].map(
      (name): [string, () => Promise<void>] => [
        `discovery: GET /${name}`,
        async () => void (await call('GET', `/${name}`, 200)),
      ],
    ),
    ['a match query for nobody finds nobody', async () => expect(await count(), 0, 'totalResults')],
    [
      'POST /Users creates a person',
      async () => {
        const person = {
          schemas: [USER],
          userName,
          name: { givenName: 'Self', familyName: 'Check' },
          displayName: 'Self Check',
          emails: [{ value: userName, type: 'work', primary: true }],
          active: true,
        }
        id = userSchema.parse(await call('POST', '/Users', 201, person)).id
      },
    ],
    [
      'GET /Users/{id} reads the person',
      async () => {
        const user = await readUser()
        expect(user.userName, userName, 'userName')
        expect(user.active, true, 'active')
        expect(await count(), 1, 'totalResults of the match query')
      },
    ],
    [
      'PATCH /Users/{id} disables the person',
      async () => {
        const Operations = [{ op: 'replace', path: 'active', value: false }]
        const patch = { schemas: [PATCH_OP], Operations }
        userSchema.parse(await call('PATCH', `/Users/${id}`, 200, patch))
        expect((await readUser()).active, false, 'active')
      },
    ],
    [
      'DELETE /Users/{id} deletes the person',
      async () => {
        await call('DELETE', `/Users/${id}`, 204)
        await call('GET', `/Users/${id}`, 404)
      },
    ],
  ]

  let created = true
  for (const [title, run] of steps) {
    if (!created) {
      yield { title, failure: 'not tried: there is no person to try it with' }
      continue
    }
    try {
      await run()
      yield { title }
    } catch (error) {
      yield { title, failure: (error as Error).message }
      if (title.startsWith('POST')) created = false
    }
  }
}
