/** An export of Entra users, as a file: Graph JSON, or the CSV of the portal. */
import { readFile } from 'node:fs/promises'
import { CommandError } from '../command.ts'
import { parseCsv } from '../csv.ts'

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

const ADVICE =
  'give the file of Entra admin center > Users > Download users, or of ' +
  "`az rest --url 'https://graph.microsoft.com/v1.0/users?$select=...'`"

/** @throws {CommandError} */
export async function readExport(file: string): Promise<ExportedUser[]> {
  let text: string
  try {
    text = decode(await readFile(file))
  } catch (cause) {
    throw new CommandError(`${file} cannot be read`, (cause as Error).message, { cause })
  }
  try {
    return /^\s*[[{]/.test(text) ? parseGraph(text) : parsePortal(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new CommandError(`${file} is no export of users: ${cause.message}`, ADVICE, { cause })
  }
}

/** PowerShell writes UTF-16 unless it is told otherwise. */
function decode(bytes: Buffer): string {
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
  const name = HEADERS[plain.toLowerCase()] ?? plain
  return { name: isInverse ? 'accountEnabled' : name, isInverse }
}
