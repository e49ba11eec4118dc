import * as z from 'zod'
import type { FailNext, Settings } from '../../examples/legacy-app/faults.ts'

const accountSchema = z.object({ account_no: z.number(), login: z.string(), state: z.string() })
const teamSchema = z.object({ title: z.string(), people: z.array(z.number()) })
const statsSchema = z.object({
  accounts: z.number(),
  duplicateLogins: z.number(),
  writes: z.number(),
  calls: z.record(z.string(), z.number()),
})

export type DeskAccount = z.infer<typeof accountSchema>

interface Wanted extends Partial<Omit<Settings, 'failNext'>> {
  readonly failNext?: Pick<FailNext, 'match'> & Partial<FailNext>
}

/** What the example app itself says, and the faults it takes on request. */
export function deskAt(appUrl: string) {
  const read = async <T>(path: string, schema: z.ZodType<T>, body?: object): Promise<T> => {
    const response = await fetch(`${appUrl}/control/${path}`, {
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return schema.parse(await response.json())
  }
  return {
    accounts: () => read('accounts', z.array(accountSchema)),
    teams: () => read('teams', z.array(teamSchema)),
    stats: () => read('stats', statsSchema),
    setFaults: (faults: Wanted) => read('faults', z.unknown(), faults),
    async clearFaults() {
      await fetch(`${appUrl}/control/faults`, { method: 'DELETE' })
    },
    /** Accounts of this login, without regard to letter case. */
    async accountsOf(login: string) {
      const accounts = await read('accounts', z.array(accountSchema))
      return accounts.filter((account) => account.login.toLowerCase() === login.toLowerCase())
    },
  }
}

export type Desk = ReturnType<typeof deskAt>
