/** An export of Entra users: Graph JSON, or the CSV of the portal. Pure. */
import { parseCsv } from './parse-csv.ts'

/** By Graph's names, letter case aside. */
export type ExportedUser = Readonly<Record<string, unknown>>

/** Headers, without spaces and letter case, that are not Graph's own names. */
const HEADERS: Readonly<Record<string, string>> = {
  objectid: 'id',
  username: 'userPrincipalName',
  upn: 'userPrincipalName',
  email: 'mail',
  emailaddress: 'mail',
  firstname: 'givenName',
  lastname: 'surname',
  mailnickname: 'mailNickname',
}

/** People, and characters, in one request to the pre-flight. */
const CHUNK_PEOPLE = 1_000
const CHUNK_LENGTH = 400_000

/** @throws {SyntaxError} where it is neither */
export function readUsers(bytes: Uint8Array): ExportedUser[] {
  const text = decode(bytes)
  return /^\s*[[{]/.test(text) ? parseGraph(text) : parsePortal(text)
}

export function chunksOf(people: readonly ExportedUser[]): ExportedUser[][] {
  const chunks: ExportedUser[][] = []
  let chunk: ExportedUser[] = []
  let length = 0
  for (const person of people) {
    const own = JSON.stringify(person).length
    if (chunk.length === CHUNK_PEOPLE || (chunk.length > 0 && length + own > CHUNK_LENGTH)) {
      chunks.push(chunk)
      chunk = []
      length = 0
    }
    chunk.push(person)
    length += own
  }
  if (chunk.length > 0) chunks.push(chunk)
  return chunks
}

/** PowerShell writes UTF-16 unless it is told otherwise. */
function decode(bytes: Uint8Array): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes)
}

/** @throws {SyntaxError} */
export function parseGraph(text: string): ExportedUser[] {
  const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
  const users = Array.isArray(parsed) ? parsed : (parsed as { value?: unknown }).value
  if (!Array.isArray(users)) throw new SyntaxError('it holds no list of users')
  const broken = users.findIndex((user) => typeof user !== 'object' || user === null)
  if (broken >= 0) throw new SyntaxError(`entry ${broken + 1} is no object`)
  return users.map((user: object) => simpleOnly(user))
}

/** What matching can use; licences and the like would fill the requests. */
function simpleOnly(user: object): ExportedUser {
  return Object.fromEntries(
    Object.entries(user).filter(
      ([, value]) =>
        ['string', 'number', 'boolean'].includes(typeof value) ||
        (Array.isArray(value) && value.every((one) => typeof one === 'string')),
    ),
  )
}

/** @throws {SyntaxError} */
export function parsePortal(text: string): ExportedUser[] {
  const rows = parseCsv(text)
  // The portal's templates begin with their version.
  if (/^version:/i.test(rows[0]?.[0] ?? '')) rows.shift()
  const [head, ...people] = rows
  const headers = (head ?? []).map(toProperty)
  if (!headers.some(({ name }) => name.toLowerCase() === 'userprincipalname')) {
    throw new SyntaxError('its first line names no column userPrincipalName')
  }
  return people.map((cells) =>
    Object.fromEntries(
      headers.flatMap(({ name, isInverse }, at) => {
        const cell = cells[at]?.trim() ?? ''
        if (cell === '') return []
        return [[name, isInverse ? !/^(?:yes|true)$/i.test(cell) : cell]]
      }),
    ),
  )
}

/** `User name [userPrincipalName] Required`, `userPrincipalName` or `User principal name`. */
function toProperty(header: string): { name: string; isInverse: boolean } {
  // "Block sign in (Yes/No) [accountEnabled]": Yes means that the account is not enabled.
  const isInverse = /^\s*block sign[ -]?in/i.test(header)
  const bracketed = /\[(\w+)\]/.exec(header)?.[1]
  const plain = (bracketed ?? header).replaceAll(/[\s_-]/g, '')
  const known = plain.toLowerCase()
  const name = Object.hasOwn(HEADERS, known) ? (HEADERS[known] ?? plain) : plain
  return { name: isInverse ? 'accountEnabled' : name, isInverse }
}
