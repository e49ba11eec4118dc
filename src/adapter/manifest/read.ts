/** Reading accounts and groups through a manifest. */
import type { NativeObject, Page, PageRequest, ReadPort, Value } from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import type { HttpResponse } from '../http.ts'
import { idOf, isRow, toObject, writeOne } from './convert.ts'
import { type App, exchange } from './exchange.ts'
import { itemsAt } from './items.ts'
import { isSo } from './judge.ts'
import { objectOf } from './object.ts'
import { type Paged, pagerFor, readAll, readPage } from './pages.ts'
import { getAt, partAt, putAt } from './pointer.ts'
import type { ListSpec, LookupSpec, ResourceManifest } from './resource-schema.ts'
import type { Values } from './template.ts'

/** Accounts that one search reads one by one: more is a filter that the app has ignored. */
const MAX_SINGLE_READS = 50

/** @throws {AdapterFailure} where the answer is no object of this type */
export function understood(
  resource: ResourceManifest,
  row: unknown,
  response: HttpResponse,
): NativeObject {
  const object = toObject(resource, row)
  if (!object) throw response.misunderstood()
  return object
}

/** The app's own form of an object, beside ours; undefined where the app says there is none. */
export async function getRow(
  app: App,
  resource: ResourceManifest,
  id: string,
  isSame: (found: string) => boolean = (found) => found === id,
): Promise<{ readonly row: unknown; readonly object: NativeObject } | undefined> {
  const { get } = resource
  const { verdict, response } = await exchange(app, resource, get, { id: typed(resource, id) })
  if (verdict === 'absent') return undefined
  const asObject = (item: unknown) => objectOf(app, get, item, { id: typed(resource, id) })
  const isExact = (item: unknown) => idOf(getAt(item, resource.id)) === id
  const row =
    get.items === undefined
      ? asObject(partAt(response.json, get.item))
      : itemsAt(response, get.items)
          .map(asObject)
          .filter((one) => isSame(idOf(getAt(one, resource.id)) ?? ''))
          .sort((a, b) => Number(isExact(b)) - Number(isExact(a)))[0]
  if (row === undefined && get.items !== undefined) return undefined
  const object = understood(resource, row, response)
  // An app that takes a prefix or a name where an id is expected answers with somebody else.
  if (!isSame(object.id)) throw response.misunderstood()
  if (isAbsent(resource, row)) return undefined
  return { row, object }
}

/** An id as it stands in JSON. */
export function typed({ idType }: Pick<ResourceManifest, 'idType'>, id: string): string | number {
  return idType === 'number' && /^\d{1,15}$/.test(id) ? Number(id) : id
}

export function readPort(app: App, resource: ResourceManifest): ReadPort {
  const get = async (id: string) => (await getRow(app, resource, id))?.object ?? null

  return {
    get,

    async find(attribute, value) {
      const lookup = resource.lookups.find((one) => one.attribute === attribute)
      const spec = resource.attributes[attribute]
      if (!lookup || !spec) throw new Error(`the manifest declares no look-up of ${attribute}`)
      const { list } = resource
      const values = { value: writeOne(spec, value) }
      if (lookup.item !== undefined) {
        const found = await findOne(app, resource, lookup, lookup.item, values, get)
        if (found === undefined) await checkRights(app, resource)
        return found === undefined ? [] : [found]
      }
      const paged: Paged = {
        request: lookup,
        items: lookup.items ?? list.items,
        pager: pagerFor(lookup.pager, list, lookup),
        maxPage: list.maxPage,
      }
      const found = await readAll(app, resource, paged, values)
      const form = lookup.items === undefined && lookup.object === undefined ? list : lookup
      const rows = found.map((row) => objectOf(app, form, row, values))
      if (rows.length === 0) await checkRights(app, resource)
      // The first page of everybody, perhaps: whom it does not show may be on the next one.
      const isCut = lookup.exact && paged.pager.kind === 'none' && rows.length > 1
      if (
        isCut &&
        rows.every((row) => isOther(partOf(resource, row).attributes[attribute], value))
      ) {
        throw new AdapterFailure(
          'protocol',
          'a look-up of the app finds others than were asked for',
          {
            effect: 'none',
            answered: true,
          },
        )
      }
      if (!lookup.partial) return shown(resource, rows)
      const ids = rows.flatMap((row) => {
        const { id, attributes } = partOf(resource, row)
        // What a substring search found besides is not worth a read.
        return isOther(attributes[attribute], value) ? [] : [id]
      })
      return readEach(get, ids, MAX_SINGLE_READS)
    },

    async list(page) {
      const found = resource.list.parts
        ? await listParts(app, resource, page, get)
        : await listPage(app, resource, resource.list, {}, page, get)
      const isWhole = page.cursor === undefined && !page.skip && found.next === undefined
      if (isWhole && found.items.length === 0) await checkRights(app, resource)
      return found
    },
  }
}

/**
 * Some apps answer a credential that has lost its rights with an empty list. Believed, it would make
 * everybody anew, so they are asked for something that only a good one gets.
 */
async function checkRights(app: App, resource: ResourceManifest): Promise<void> {
  if (!app.check) return
  const { verdict, response } = await exchange(app, resource, app.check, {})
  if (verdict !== 'ok') throw response.misunderstood()
}

/** A look-up that is answered with the object, or with "no such object". */
async function findOne(
  app: App,
  resource: ResourceManifest,
  lookup: LookupSpec,
  item: string,
  values: Values,
  get: Get,
): Promise<NativeObject | undefined> {
  const { verdict, response } = await exchange(app, resource, lookup, values)
  if (verdict === 'absent') return undefined
  const row = objectOf(app, lookup, partAt(response.json, item), values)
  if (lookup.partial) {
    const { active: _, ...rest } = resource
    return (await get(understood(rest, row, response).id)) ?? undefined
  }
  const object = understood(resource, row, response)
  return isAbsent(resource, row) ? undefined : object
}

/** An app that only marks what it deletes shows it still. */
function isAbsent({ absentWhen }: ResourceManifest, row: unknown): boolean {
  return absentWhen.some((fact) => isSo(fact, row))
}

function shown(resource: ResourceManifest, rows: readonly unknown[]): NativeObject[] {
  return rows.filter((row) => !isAbsent(resource, row)).map((row) => fromList(resource, row))
}

/** Apps give names a form of their own: another letter case, `_` for a blank (MediaWiki). */
export function sameName(a: string, b: string): boolean {
  return fold(a) === fold(b)
}

/** True where one of the values is this name. */
export function bears(held: Value | undefined, name: string): boolean {
  return [held ?? []].flat().some((one) => sameName(String(one), name))
}

/** True where what is shown of somebody is not this name; what is not shown may be it. */
function isOther(held: Value | undefined, name: string): boolean {
  return held !== undefined && !bears(held, name)
}

function fold(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[\s_]+/g, ' ')
    .trim()
}

type Get = ReadPort['get']

async function listPage(
  app: App,
  resource: ResourceManifest,
  list: ListSpec,
  values: Readonly<Record<string, unknown>>,
  page: PageRequest,
  get: Get,
  assume: (row: unknown) => unknown = (row) => row,
): Promise<Page<NativeObject>> {
  const paged = { ...list, request: list }
  const { rows: found, next, total } = await readPage(app, resource, paged, values, page)
  const rows = found.map((row) => objectOf(app, list, row))
  const items = list.partial
    ? await readEach(
        get,
        rows.map((row) => partOf(resource, row).id),
        list.maxPage,
      )
    : shown(resource, rows.map(assume))
  // A count of rows is none of objects where some are gone.
  const counted = total !== undefined && items.length === rows.length
  return { items, ...(next !== undefined && { next }), ...(counted && { total }) }
}

/** The cursor says which part, and where in it. */
async function listParts(
  app: App,
  resource: ResourceManifest,
  { pageSize, cursor }: PageRequest,
  get: Get,
): Promise<Page<NativeObject>> {
  const { list } = resource
  const parts = list.parts ?? []
  const [, from = '0', inner] = /^(\d+)(?::(.*))?$/s.exec(cursor ?? '0') ?? []
  let at = Number(from)
  let place = inner
  for (;;) {
    const part = parts[at]
    if (!part) return { items: [] }
    const page = await listPage(
      app,
      resource,
      { ...list, query: { ...list.query, ...part.query } },
      {},
      { pageSize, ...(place !== undefined && { cursor: place }) },
      get,
      (row) => withFacts(row, part.assume),
    )
    const next =
      page.next !== undefined
        ? `${at}:${page.next}`
        : at + 1 < parts.length
          ? String(at + 1)
          : undefined
    // An empty part is no page of its own.
    if (page.items.length > 0 || next === undefined) {
      return { items: page.items, ...(next !== undefined && { next }) }
    }
    at = page.next === undefined ? at + 1 : at
    place = page.next
  }
}

function withFacts(row: unknown, facts: NonNullable<ListSpec['parts']>[number]['assume']): unknown {
  if (!isRow(row)) return row
  const whole = structuredClone(row) as Record<string, unknown>
  for (const { at, is } of facts) putAt(whole, at, is)
  return whole
}

function fromList(resource: ResourceManifest, row: unknown): NativeObject {
  const object = toObject(resource, row)
  if (!object) throw misread()
  return object
}

/** Of an item that does not show everything: its id, and the attributes that it shows. */
function partOf(resource: ResourceManifest, row: unknown): NativeObject {
  const { active: _, ...rest } = resource
  return fromList(rest, row)
}

function misread(): AdapterFailure {
  return new AdapterFailure('protocol', 'an item of a list of the app is not understood', {
    effect: 'none',
    answered: true,
  })
}

/** One after the other: a Worker has six connections at a time for all its requests. */
async function readEach(get: Get, ids: readonly string[], most: number): Promise<NativeObject[]> {
  if (ids.length > most) {
    throw new AdapterFailure('unavailable', 'a search of the app finds too many objects', {
      effect: 'none',
    })
  }
  const objects: NativeObject[] = []
  for (const id of ids) {
    const object = await get(id)
    if (object) objects.push(object)
  }
  return objects
}
