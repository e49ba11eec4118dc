import * as z from 'zod'

const bodySchema = z.looseObject({
  id: z.string().optional(),
  totalResults: z.number().optional(),
  Resources: z.array(z.looseObject({ id: z.string() })).optional(),
})

export interface ScimAnswer {
  readonly status: number
  readonly retryAfterMs: number
  readonly body: z.infer<typeof bodySchema>
}

/** One request of a SCIM client. Rejects where the connection is lost. */
export async function scim(
  { scimBaseUrl, token }: { readonly scimBaseUrl: string; readonly token: string },
  method: string,
  path: string,
  body?: object,
): Promise<ScimAnswer> {
  const response = await fetch(`${scimBaseUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/scim+json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    retryAfterMs: Number(response.headers.get('retry-after') ?? 0) * 1000,
    body: bodySchema.parse(text === '' ? {} : JSON.parse(text)),
  }
}

/** A body for `POST /Users`. */
export function newUser(userName: string) {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName,
    active: true,
    displayName: 'Nell Fenwick',
    name: { givenName: 'Nell', familyName: 'Fenwick' },
    emails: [{ primary: true, type: 'work', value: userName }],
  }
}

export const byUserName = (userName: string): string =>
  `/Users?${new URLSearchParams({ filter: `userName eq "${userName}"` })}`
