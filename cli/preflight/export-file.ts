/** An export of Entra users, as a file. */
import { readFile } from 'node:fs/promises'
import { type ExportedUser, readUsers } from '../../src/admin/exported-users.ts'
import { CommandError } from '../command.ts'

const ADVICE =
  'give the file of Entra admin center > Users > Download users, or of ' +
  "`az rest --url 'https://graph.microsoft.com/v1.0/users?$select=...'`"

/** @throws {CommandError} */
export async function readExport(file: string): Promise<ExportedUser[]> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(file)
  } catch (cause) {
    throw new CommandError(`${file} cannot be read`, (cause as Error).message, { cause })
  }
  try {
    return readUsers(bytes)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new CommandError(`${file} is no export of users: ${cause.message}`, ADVICE, { cause })
  }
}
