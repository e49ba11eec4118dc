/** What every page is given, and how handlers are added. */
import type { Context, Hono } from 'hono'
import type { After } from '../access/read-at-most.ts'
import { type AskApi, Asking } from './ask.ts'
import { readBody } from './read-body.ts'
import { readViewer, type Viewer } from './viewer.ts'

/** `viewer`: known once somebody has come in. */
export type ConsoleHono = Hono<{ Variables: { viewer?: Viewer } }>

export interface ConsoleDeps {
  /** The admin API, in this isolate. */
  readonly ask: AskApi
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly after: After
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
/** @param maxBytes of the form; left out: `MAX_FORM_BYTES` */
export type AddPage = (
  method: 'GET' | 'POST',
  path: string,
  handler: PageHandler,
  maxBytes?: number,
) => void

/** A manifest has 256 KiB at most, of which the encoding of a form may make three times as much. */
const MAX_FORM_BYTES = 800_000

/** Handlers run, and forms are read, for those alone who have signed in. */
export function adder(console: ConsoleHono, { ask, now, after }: ConsoleDeps): AddPage {
  return (method, path, handler, maxBytes = MAX_FORM_BYTES) => {
    console.on(method, path, async (c) => {
      const asking = new Asking(c.req.raw, ask)
      const viewer = await readViewer(asking)
      c.set('viewer', viewer)
      await readBody(c, maxBytes, after)
      const param = (name: string) => c.req.param(name) ?? ''
      return handler({ c, asking, viewer, now: now(), param })
    })
  }
}
