/** `/admin`: pages over the admin API, made on the server; the one script only helps. */
import { type Context, Hono } from 'hono'
import { MAX_SIGN_IN_PAYLOAD } from '../access/limits.ts'
import { originOf } from '../access/same-origin.ts'
import type { SignIn } from '../access/sign-in.ts'
import type { Brief } from '../admin/overview.ts'
import { administratorPages } from './administrator-pages.tsx'
import { alertPages } from './alert-pages.tsx'
import { type Items, PageRefused, queryOf, type Refused } from './ask.ts'
import { clientPages } from './client-pages.tsx'
import { connectionPages } from './connection-pages.tsx'
import { readForm } from './forms/form.ts'
import { groupPages } from './group-pages.tsx'
import { guardPages } from './guard-pages.tsx'
import { leaverPages } from './leaver-pages.tsx'
import { manifestPages } from './manifest-pages.tsx'
import { mappingPages } from './mapping-pages.tsx'
import { newConnectionPages } from './new-connection-pages.tsx'
import { adder, type ConsoleDeps, type ConsoleHono } from './page.ts'
import { ConnectionsPage } from './pages/connections.tsx'
import { RefusedPage } from './pages/refused.tsx'
import { SignInPage } from './pages/sign-in.tsx'
import { conditionsAt } from './parts/attention.tsx'
import { peoplePages } from './people-pages.tsx'
import { preflightPages } from './preflight-pages.tsx'
import { readBody } from './read-body.ts'
import { reconcilePages } from './reconcile-pages.tsx'
import { SCRIPT } from './script.ts'
import { settingsPages } from './settings-pages.tsx'
import { ICON, STYLE } from './style.ts'
import type { Viewer } from './viewer.ts'

/** Nothing but what this host serves itself, and no code in a page. */
const CSP =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
/** A new version of Postern has other ones under the same names. */
const SHORTLY = 'public, max-age=60'

const SIGNED_OUT = 401

/** To be mounted with `app.route('/admin', ...)`, below the admin API. */
export function consolePages(
  deps: ConsoleDeps & { readonly signIn: Pick<SignIn, 'begin' | 'ended'> },
): ConsoleHono {
  const { signIn, now } = deps
  const console: ConsoleHono = new Hono()

  console.use('*', async (c, next) => {
    await next()
    c.header('content-security-policy', CSP)
    c.header('x-content-type-options', 'nosniff')
    // Not `no-referrer`: browsers then send "Origin: null" along with our own forms.
    c.header('referrer-policy', 'same-origin')
    c.header('cross-origin-opener-policy', 'same-origin')
    // Pages hold tokens, and names of people.
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store')
  })
  console.use('*', async (c, next) => {
    const isSafe = c.req.method === 'GET' || c.req.method === 'HEAD'
    const isOurs = originOf(c.req.raw.headers, new URL(c.req.url).origin) !== 'other'
    if (isSafe || isOurs) return next()
    return refusedPage(c, { ...OTHER_SITE, status: 403 })
  })
  console.onError((error, c) => {
    if (!(error instanceof PageRefused)) throw error
    const { refused } = error
    if (refused.status === SIGNED_OUT) {
      const { pathname, search } = new URL(c.req.url)
      const next = c.req.method === 'GET' ? pathname + search : '/admin'
      return c.redirect(`/admin/sign-in?next=${encodeURIComponent(next)}`, 303)
    }
    return refusedPage(c, refused)
  })

  const file = (type: string, text: string) => (c: Context) =>
    c.body(text, 200, { 'content-type': type, 'cache-control': SHORTLY })
  console.get('/console.css', file('text/css; charset=utf-8', STYLE))
  console.get('/console.js', file('text/javascript; charset=utf-8', SCRIPT))
  console.get('/icon.svg', file('image/svg+xml', ICON))

  console.get('/sign-in', (c) => c.html(<SignInPage next={nextOf(c.req.query('next'))} />))
  console.post('/sign-in', async (c) => {
    await readBody(c, MAX_SIGN_IN_PAYLOAD, deps.after)
    const form = await readForm(c)
    const next = nextOf(form.text('next'))
    const begun = await signIn.begin(c.req.raw, form.text('token').trim())
    if (begun.kind === 'in') {
      c.header('set-cookie', begun.cookie)
      return c.redirect(next, 303)
    }
    const status = begun.kind === 'wait' ? 429 : begun.kind === 'refused' ? 401 : 403
    if (begun.kind === 'wait') c.header('retry-after', String(begun.seconds))
    return c.html(<SignInPage error={saidOf(begun)} next={next} />, status)
  })
  console.post('/sign-out', (c) => {
    c.header('set-cookie', signIn.ended)
    return c.redirect('/admin/sign-in', 303)
  })

  const add = adder(console, deps)
  add('GET', '/', async ({ c, asking, viewer }) => {
    const cursor = c.req.query('cursor')
    const [{ items, nextCursor }, conditions] = await Promise.all([
      asking.get<Items<Brief>>(`/overview${queryOf({ cursor })}`),
      // The first page has what is wrong with all of them.
      cursor === undefined ? conditionsAt(asking, '/conditions') : [],
    ])
    const shown = { viewer, items, conditions, nextCursor, now: now() }
    return c.html(<ConnectionsPage {...shown} />)
  })
  newConnectionPages(add)
  connectionPages(add)
  peoplePages(add)
  guardPages(add)
  groupPages(add)
  leaverPages(add)
  alertPages(add)
  reconcilePages(add)
  preflightPages(add)
  mappingPages(add)
  settingsPages(add)
  manifestPages(add)
  clientPages(add)
  administratorPages(add)

  console.all('*', (c) => refusedPage(c, NOT_FOUND))
  return console
}

const OTHER_SITE = {
  title: 'Nothing was done',
  detail: 'A page of another site has sent this. Use the forms of these pages.',
  errors: [],
}
const NOT_FOUND = {
  status: 404,
  title: 'Not found',
  detail: 'There is no such page.',
  errors: [],
}

function refusedPage(c: Context, refused: Refused): Response | Promise<Response> {
  const viewer = c.get('viewer') as Viewer | undefined
  return c.html(<RefusedPage {...{ refused, viewer }} />, refused.status as 400)
}

/** A path of ours: a link must not lead anybody who signs in to another site. */
function nextOf(given: string | undefined): string {
  return given !== undefined && /^\/admin(?:[/?][^\\]*)?$/.test(given) ? given : '/admin'
}

type Begun = Exclude<Awaited<ReturnType<SignIn['begin']>>, { kind: 'in' }>

function saidOf(begun: Begun): string {
  switch (begun.kind) {
    case 'wait':
      return `Too many sign-ins from your address have failed: wait for ${begun.seconds} seconds`
    case 'no-secret':
      return 'The token is right, but this gateway has no sessions: its operator must set POSTERN_SEALING_KEY'
    case 'other-site':
      return 'A page of another site has sent this: nothing was done'
    case 'unavailable':
    case 'refused':
    case 'stranger':
      return 'This is no token of an administrator, or it has ended'
  }
}
