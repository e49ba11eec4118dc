/** The admin API of one isolate, for the bearer of the bootstrap token. */
import { env } from 'cloudflare:workers'
import { type Answer, ORIGIN } from './gateway.ts'
import type { Isolate } from './isolate.ts'

export type AdminCall = (method: string, path: string, body?: unknown) => Promise<Answer>

/** @param below what every path begins with, for example `/connections/a` */
export function adminApi({ fetch }: Pick<Isolate, 'fetch'>, below = ''): AdminCall {
  return async (method, path, body) => {
    const response = await fetch(
      new Request(`${ORIGIN}/admin/api${below}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${env.POSTERN_ADMIN_TOKEN}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    )
    const { status, headers } = response
    const text = await response.text()
    return { status, headers, body: text === '' ? {} : JSON.parse(text) }
  }
}
