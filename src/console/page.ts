/** What every page is given, and how handlers are added. */
import type { Context, Hono } from 'hono'
import { type AskApi, Asking } from './ask.ts'
import { readViewer, type Viewer } from './viewer.ts'

/** `viewer`: known once somebody has come in. */
export type ConsoleHono = Hono<{ Variables: { viewer?: Viewer } }>

export interface ConsoleDeps {
  /** The admin API, in this isolate. */
  readonly ask: AskApi
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface Page {
  readonly c: Context
  readonly asking: Asking
  readonly viewer: Viewer
  readonly now: number
  /** A parameter of the path. */
  readonly param: (name: string) => string
}

export type PageHandler = (page: Page) => Response | Promise<Response>
export type AddPage = (method: 'GET' | 'POST', path: string, handler: PageHandler) => void

/** Handlers run for those alone who have signed in. */
export function adder(console: ConsoleHono, { ask, now }: ConsoleDeps): AddPage {
  return (method, path, handler) => {
    console.on(method, path, async (c) => {
      const asking = new Asking(c.req.raw, ask)
      const viewer = await readViewer(asking)
      c.set('viewer', viewer)
      const param = (name: string) => c.req.param(name) ?? ''
      return handler({ c, asking, viewer, now: now(), param })
    })
  }
}
