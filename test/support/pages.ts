/** Pages of the console as a browser without scripts asks for them, by a session of its own. */
import { ORIGIN } from './gateway.ts'

export interface Shown {
  readonly status: number
  /** After the redirect that follows a form. */
  readonly path: string
  readonly html: string
  /** What is read: tags away, spaces folded. */
  readonly text: string
}

export interface Pages {
  readonly get: (path: string) => Promise<Shown>
  readonly post: (
    path: string,
    form?: Readonly<Record<string, string>> | FormData,
  ) => Promise<Shown>
}

/** @param token of an administrator */
export async function openPages(
  fetch: (request: Request) => Response | Promise<Response>,
  token: string,
): Promise<Pages> {
  const headers = { 'sec-fetch-site': 'same-origin', origin: ORIGIN }
  const signedIn = await fetch(
    new Request(`${ORIGIN}/admin/sign-in`, {
      ...{ method: 'POST', headers, body: new URLSearchParams({ token }) },
    }),
  )
  const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? ''
  if (signedIn.status !== 303) throw new Error(`the sign-in was answered ${signedIn.status}`)

  const shown = async (path: string, response: Response): Promise<Shown> => {
    const html = await response.text()
    const text = html
      .replaceAll(/<[^>]*>/g, ' ')
      .replaceAll('&#39;', "'")
      .replaceAll(/\s+/g, ' ')
    return { status: response.status, path, html, text }
  }
  const get = async (path: string): Promise<Shown> =>
    shown(path, await fetch(new Request(`${ORIGIN}/admin${path}`, { headers: { cookie } })))
  return {
    get,
    post: async (path, form = {}) => {
      const body = form instanceof FormData ? form : new URLSearchParams(form)
      const response = await fetch(
        new Request(`${ORIGIN}/admin${path}`, {
          ...{ method: 'POST', headers: { ...headers, cookie }, body, redirect: 'manual' },
        }),
      )
      const to = response.headers.get('location')
      return response.status === 303 && to ? get(to.slice('/admin'.length)) : shown(path, response)
    },
  }
}
