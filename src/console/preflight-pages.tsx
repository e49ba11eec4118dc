/** The pre-flight: an export of Entra's people beside what the app has, before Entra is switched on. */
import { chunksOf, type ExportedUser, readUsers } from '../admin/exported-users.ts'
import type { PreflightAnswer, PreflightView, ScanReport, ScanView } from '../admin/reconcile.ts'
import { type Asking, notValid, pathOf, queryOf, type Refused } from './ask.ts'
import type { AddPage, Page } from './page.ts'
import { PreflightPage } from './pages/preflight.tsx'
import { type JudgedPerson, PreflightResultPage } from './pages/preflight-result.tsx'

const HERE = '/connections/:name/preflight'
/** Some ten thousand exported people. */
const MAX_FILE_BYTES = 5_000_000
/** What a request may wait for a scan; of a larger app the page shows how far it is. */
const BURSTS = 4

export function preflightPages(add: AddPage): void {
  add('GET', HERE, async (page) => {
    const id = page.c.req.query('scan')
    const at = pathOf`/connections/${page.param('name')}/reconcile/${id ?? ''}`
    return form(page, id ? { scan: await page.asking.get<ScanReport>(`${at}?limit=1`) } : {})
  })

  const judgeFile = async (page: Page): Promise<Response> => {
    const { c, asking, viewer, param, now } = page
    const name = param('name')
    const sent = await c.req.parseBody()
    const { export: file, map = '' } = sent
    const given = { map: typeof map === 'string' ? map.replaceAll('\r\n', '\n') : '' }
    const bytes = file instanceof File ? new Uint8Array(await file.arrayBuffer()) : undefined
    const people = bytes === undefined || bytes.length === 0 ? NO_FILE : peopleOf(bytes)
    if ('detail' in people) return form(page, { given, refused: people })
    const judged = await judge(asking, name, people, mapOf(given.map))
    switch (judged.kind) {
      case 'refused':
        return form(page, { given, refused: judged.refused })
      case 'wait':
        return form(page, { given, scan: judged.scan })
      case 'judged': {
        const { view, items } = judged
        return c.html(<PreflightResultPage {...{ viewer, name, view, items, now }} />)
      }
    }
  }
  add('POST', HERE, judgeFile, MAX_FILE_BYTES)

  // Who was judged how is not kept; how many were, and whom nobody matches, is.
  add('GET', `${HERE}/:id`, async ({ c, asking, viewer, param, now }) => {
    const name = param('name')
    const view = await asking.get<PreflightView>(
      pathOf`/connections/${name}/preflight/${param('id')}` +
        queryOf({ cursor: c.req.query('cursor') }),
    )
    return c.html(<PreflightResultPage {...{ viewer, name, view, items: undefined, now }} />)
  })
}

interface FormState {
  readonly scan?: ScanView
  readonly refused?: Refused
  readonly given?: { readonly map: string }
}

async function form({ c, viewer, param, now }: Page, state: FormState): Promise<Response> {
  return c.html(<PreflightPage {...{ viewer, name: param('name'), now, ...state }} />)
}

const badFile = (message: string): Refused => notValid([{ path: 'export', message }])

const NO_FILE = badFile('choose the file that you have exported')

function peopleOf(bytes: Uint8Array): ExportedUser[] | Refused {
  try {
    const people = readUsers(bytes)
    return people.length === 0 ? badFile('it holds nobody') : people
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return badFile(`is no export of users: ${error.message}`)
  }
}

/** `userName = mail`, one a line. A SCIM path may hold a `=`; Graph's names do not. */
function mapOf(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf('=')
      return [line.slice(0, Math.max(at, 0)).trim(), line.slice(at + 1).trim()]
    }),
  )
}

type Outcome =
  | { readonly kind: 'judged'; readonly view: PreflightView; readonly items: JudgedPerson[] }
  | { readonly kind: 'wait'; readonly scan: ScanView }
  | { readonly kind: 'refused'; readonly refused: Refused }

/** Chunk by chunk, under one pre-flight, as the command line does it. */
async function judge(
  asking: Asking,
  name: string,
  people: readonly ExportedUser[],
  attributes: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const chunks = chunksOf(people)
  const items: JudgedPerson[] = []
  let view: PreflightView | undefined
  for (const [nth, value] of chunks.entries()) {
    const complete = nth === chunks.length - 1
    const body = { value, complete, attributes, ...(view && { preflight: view.preflight }) }
    const ask = () =>
      asking.send<PreflightAnswer>('POST', pathOf`/connections/${name}/preflight`, body)
    let answered = await ask()
    if (answered.ok && 'waitFor' in answered.body) {
      const scan = await drive(asking, name, answered.body.waitFor)
      if ('detail' in scan) return { kind: 'refused', refused: scan }
      if (scan.state !== 'done') return { kind: 'wait', scan }
      answered = await ask()
    }
    if (!answered.ok) return { kind: 'refused', refused: answered.refused }
    if ('waitFor' in answered.body) return { kind: 'wait', scan: answered.body.waitFor }
    view = answered.body
    items.push(...answered.body.items)
  }
  if (!view) throw new RangeError('an export of nobody is not sent')
  return { kind: 'judged', view, items }
}

async function drive(asking: Asking, name: string, begun: ScanView): Promise<ScanView | Refused> {
  let scan = begun
  for (let bursts = 0; bursts < BURSTS && scan.state === 'running'; bursts++) {
    const at = pathOf`/connections/${name}/reconcile/${scan.id}/advance`
    const moved = await asking.send<ScanView>('POST', at, {})
    if (!moved.ok) return moved.refused
    scan = moved.body
    if (scan.note !== null) break
  }
  return scan
}
