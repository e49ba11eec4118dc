/** Secrets of the Worker itself: a text, or a binding of the Secrets Store. */

/** As it is bound. `get` is that of a Secrets Store binding. */
export type WorkerSecret = string | { get(): Promise<string> }

/** Reads it; '' where there is none. Once it has been read, nobody is asked again. */
export type ReadSecret = () => Promise<string>

/** It may be there, and cannot be read now. The message names the binding and never a value. */
export class SecretUnavailable extends Error {
  override readonly name = 'SecretUnavailable'

  constructor(binding: string) {
    super(
      `${binding} cannot be read from the Secrets Store: its binding must name a secret that ` +
        'exists, in a store that this Worker may read',
    )
  }
}

/**
 * Bindings never change within an isolate, so what was read is kept; a failure is not, and the next
 * who asks tries again. No promise is shared: a request must not wait for work that another began.
 *
 * @param binding its name
 * @throws {SecretUnavailable} when it is read
 */
export function readsOnce(binding: string, secret: WorkerSecret | undefined): ReadSecret {
  let known: string | undefined
  return async () => {
    known ??= (await textOf(binding, secret)).trim()
    return known
  }
}

async function textOf(binding: string, secret: WorkerSecret | undefined): Promise<string> {
  if (secret === undefined || typeof secret === 'string') return secret ?? ''
  let text: unknown
  try {
    text = await secret.get()
  } catch {
    // What the store says is not ours to repeat.
    throw new SecretUnavailable(binding)
  }
  // An empty one would be taken for a gateway that was set up without it.
  if (typeof text !== 'string' || text.trim() === '') throw new SecretUnavailable(binding)
  return text
}
