/**
 * Marks: whatever is planted for a connection, or minted for it, says whose it is. A text that shows the
 * mark of another one has leaked.
 */

/**
 * What is planted: `val-` in values of people and groups, `key-` in secrets, `ses-` in sessions of the app,
 * `app-` in addresses, `con-` in names of connections. What is minted: ids, and tokens and secrets of clients.
 */
const MARK =
  /\b(?:(val|key|ses|app|con)-([0-9a-f]{12})|ps[tc]_[\w-]{43}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/g

/** One life of a connection: whoever is made anew under the same name is another one. */
export interface Owner {
  readonly hex: string
  /** Of the name, which all lives share. */
  readonly nameHex: string
}

export const newHex = (): string => crypto.randomUUID().replaceAll('-', '').slice(0, 12)

export class Marks {
  readonly leaks: string[] = []
  /** Of what is minted, by the text itself: whoever shows it first. */
  readonly #owners = new Map<string, Owner>()

  /** @param allowed kinds of planted marks that may stand there at all; default: all but secrets */
  check(owner: Owner, where: string, text: string, allowed = ['val', 'app', 'con']): void {
    for (const [mark, kind, hex] of text.matchAll(MARK)) {
      const isOwn = kind === undefined ? this.#isOwn(owner, mark) : hex === hexOf(owner, kind)
      if (!isOwn) this.leaks.push(`${where} shows ${mark} of another connection`)
      else if (kind !== undefined && !allowed.includes(kind)) {
        this.leaks.push(`${where} shows ${mark}, which is nothing to show there`)
      }
    }
  }

  #isOwn(owner: Owner, mark: string): boolean {
    const known = this.#owners.get(mark)
    if (!known) this.#owners.set(mark, owner)
    return known === undefined || known === owner
  }

  /** What was minted for it so far. */
  mintedFor(owner: Owner): string[] {
    return [...this.#owners].flatMap(([mark, of]) => (of === owner ? [mark] : []))
  }
}

const hexOf = ({ hex, nameHex }: Owner, kind: string): string => (kind === 'con' ? nameHex : hex)

/** Texts in which what differs from run to run is the same: whose it is, ids, versions and times. */
export class Canon {
  readonly #ids = new Map<string, string>()

  /** Ids are numbered as they come: the same history gives the same numbers. */
  text(json: unknown): string {
    return named(JSON.stringify(sorted(json)), (id) => {
      const name = this.#ids.get(id) ?? `#${this.#ids.size + 1}`
      this.#ids.set(id, name)
      return name
    })
  }

  /** Rows in no order: ids that no answer has shown have no number. */
  rows(rows: readonly object[]): string[] {
    return rows
      .map((row) => named(JSON.stringify(row, ofOne), (id) => this.#ids.get(id) ?? '#'))
      .sort()
  }
}

function named(text: string, nameOf: (id: string) => string): string {
  return text
    .replaceAll(MARK, (mark, kind) => kind ?? nameOf(mark))
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time')
    .replaceAll(/W\/\\"\w+\\"/g, 'version')
    .replaceAll(/"nextCursor":"[^"]+"/g, '"nextCursor":"cursor"')
    .replaceAll(/\b[19]\d{12,15}\b/g, 'ms')
}

/** The order in which all connections came by, and what is noted when nobody waits for it. */
const OF_ALL = ['seq', 'last_used_at']
const ofOne = (name: string, value: unknown) => (OF_ALL.includes(name) ? undefined : value)

/** Members by name, elements of lists by what they say beside ids. */
function sorted(json: unknown): unknown {
  if (Array.isArray(json)) {
    const all = json.map(sorted)
    const keyed = all.map((one) => [named(JSON.stringify(one), () => '#'), one] as const)
    return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, one]) => one)
  }
  if (typeof json !== 'object' || json === null) return json
  const members = Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, value]) => [name, sorted(value)]))
}
