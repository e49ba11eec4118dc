/** Who may use this gateway's administration, and which keys seal its secrets. */
import type { AdministratorTokenView, AdministratorView } from '../admin/administrators.ts'
import type { SealingView } from '../admin/sealing.ts'
import { type Items, pathOf, type Refused } from './ask.ts'
import { type Form, lastDayIn, linesOf, readForm } from './forms/form.ts'
import { type Change, changesBetween, readSeen, SEEN } from './forms/seen.ts'
import type { AddPage, Page } from './page.ts'
import { AdministratorPage, powersOf } from './pages/administrator.tsx'
import { AdministratorsPage } from './pages/administrators.tsx'
import { SealingPage } from './pages/sealing.tsx'

const LIST = '/administrators'
const ONE = '/administrators/:id'

type WithTokens = AdministratorView & { readonly tokens: readonly AdministratorTokenView[] }

export function administratorPages(add: AddPage): void {
  add('GET', LIST, (page) => list(page, {}))
  add('POST', LIST, async (page) => {
    const { asking } = page
    const form = await readForm(page.c)
    const made = await asking.send<AdministratorView>('POST', '/administrators', powersIn(form))
    if (!made.ok) return list(page, { given: form, refused: made.refused })
    return page.c.redirect(`${pathOf`/admin/administrators/${made.body.id}`}?made=1`, 303)
  })

  add('GET', ONE, (page) => one(page, {}))
  add('POST', ONE, async (page) => {
    const { asking, c, param } = page
    const form = await readForm(c)
    const at = pathOf`/administrators/${param('id')}`
    const after = async (method: string, path: string, body?: unknown, to = `/admin${at}`) => {
      const done = await asking.send(method, path, body)
      return done.ok ? c.redirect(to, 303) : one(page, { given: form, refused: done.refused })
    }
    switch (form.text('do')) {
      case 'change': {
        const now = await asking.version<WithTokens>(at)
        const seen = readSeen(form.text(SEEN))
        const others = seen ? changesBetween(seen, powersOf(now.body)) : []
        if (others.length > 0) return one(page, { given: form, others })
        const only = { 'if-match': now.tag }
        const done = await asking.send('PATCH', at, powersIn(form), only)
        if (!done.ok) return one(page, { given: form, refused: done.refused })
        return c.redirect(`/admin${at}?saved=1`, 303)
      }
      case 'revoke':
        return after('DELETE', `${at}${pathOf`/tokens/${form.text('token')}`}`)
      case 'remove':
        return after('DELETE', at, undefined, '/admin/administrators')
      case 'token': {
        const label = form.given('label')
        const made = await asking.send<{ token: string }>('POST', `${at}/tokens`, {
          ...(label && { label }),
          ...lastDayIn(form),
        })
        if (made.ok) return one(page, { token: made.body.token })
        return one(page, { given: form, refused: made.refused })
      }
      default:
        return one(page, {})
    }
  })

  add('GET', '/sealing', async ({ c, asking, viewer }) => {
    const sealing = await asking.get<SealingView>('/sealing')
    return c.html(<SealingPage {...{ viewer, sealing }} />)
  })
}

function powersIn(form: Form) {
  return {
    ...{ name: form.text('name'), role: form.text('role') },
    // The box says all, so that nobody is given all of them by a field that was left empty.
    connections: form.text('all') === '' ? linesOf(form.text('connections')) : null,
  }
}

interface State {
  readonly given?: Form
  readonly refused?: Refused
  /** Shown this once. */
  readonly token?: string
  /** What somebody else saved meanwhile. */
  readonly others?: readonly Change[]
}

async function list(page: Page, state: State): Promise<Response> {
  const { c, asking, viewer, now } = page
  const { items } = await asking.get<Items<AdministratorView>>('/administrators')
  return c.html(<AdministratorsPage {...{ viewer, items, now, ...state }} />)
}

async function one(page: Page, state: State): Promise<Response> {
  const { c, asking, viewer, param, now } = page
  const administrator = await asking.get<WithTokens>(pathOf`/administrators/${param('id')}`)
  const isMade = c.req.query('made') !== undefined
  const isSaved = c.req.query('saved') !== undefined
  const shown = { viewer, administrator, now, isMade, isSaved, ...state }
  return c.html(<AdministratorPage {...shown} />, state.others ? 409 : 200)
}
