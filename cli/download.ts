/** A long answer of the admin API, as it comes, onto standard output. */
import { pipeline } from 'node:stream/promises'
import { type GatewayFlags, gatewayAt } from './arguments.ts'
import { CommandError } from './command.ts'
import { refused } from './simulate/target.ts'

/**
 * @param route below the connection
 * @throws {CommandError} where the gateway refuses, or the answer ends early
 */
export async function download(
  connection: string,
  flags: GatewayFlags,
  route: string,
  what: string,
): Promise<void> {
  const { origin, adminToken } = await gatewayAt(flags, connection)
  const url = `${origin}/admin/api/connections/${encodeURIComponent(connection)}${route}`
  let response: Response
  try {
    response = await fetch(url, { headers: { authorization: `Bearer ${adminToken}` } })
  } catch (cause) {
    const advice = 'is the gateway running there?'
    throw new CommandError(`nothing answers at ${origin}`, advice, { cause })
  }
  if (!response.ok || !response.body) throw refused(response.status, what, await response.text())
  try {
    await pipeline(response.body, process.stdout, { end: false })
  } catch (cause) {
    // Whoever reads has enough (`| head`): that is no failure.
    if ((cause as NodeJS.ErrnoException).code === 'EPIPE') return
    throw new CommandError(`the answer ended early: ${what} again`, 'see the log of the gateway', {
      cause,
    })
  }
}
