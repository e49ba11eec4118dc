/** The admin API of one isolate. */
import { env } from 'cloudflare:workers'
import { type Answer, ORIGIN } from './gateway.ts'
import type { Isolate } from './isolate.ts'

export type AdminCall = (method: string, path: string, body?: unknown) => Promise<Answer>

/**
 * What is no JSON is answered as its text.
 *
 * @param below what every path begins with, for example `/connections/a`
 * @param token of an administrator; the first owner's where none is given
 */
export function adminApi(
  { fetch }: Pick<Isolate, 'fetch'>,
  below = '',
  token: string = env.POSTERN_ADMIN_TOKEN,
): AdminCall {
  return async (method, path, body) => {
    const response = await fetch(
      new Request(`${ORIGIN}/admin/api${below}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    )
    const { status, headers } = response
    const text = await response.text()
    if (text === '') return { status, headers, body: {} }
    const isJson = /[/+]json$/.test(headers.get('content-type') ?? '')
    return { status, headers, body: isJson ? JSON.parse(text) : text }
  }
}
