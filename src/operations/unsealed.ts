/** Secrets of a connection that do not open: the app's trouble, as a refused credential is. */
import { SealError } from '../access/seal.ts'
import { NotCalled } from '../adapter/failure.ts'

/** An administrator has to act first. */
const RETRY_LATER = 300
const RETRY_SOON = 30

/** The message is ours and for everybody: it names the setting and the secret, and no value. */
export class SecretUnreadable extends NotCalled {
  constructor({ message, passes }: SealError) {
    const wait = passes ? RETRY_SOON : RETRY_LATER
    super('auth', `Postern cannot sign in to the app: ${message}.`, wait)
  }
}

/** @throws {SecretUnreadable} in place of a `SealError`: never a 500, and never a 401 */
export async function unsealed<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    throw error instanceof SealError ? new SecretUnreadable(error) : error
  }
}
