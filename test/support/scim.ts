export interface ScimAnswer {
  readonly status: number
  readonly headers: Headers
  readonly retryAfterMs: number
  /** Parsed; an empty object where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  readonly body: any
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
    headers: response.headers,
    retryAfterMs: Number(response.headers.get('retry-after') ?? 0) * 1000,
    body: text === '' ? {} : JSON.parse(text),
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
