/** What a connection of a street comes to. */
import { expect } from 'vitest'
import { lasting, type Street, storedOf } from './street.ts'

/** What is left when all is done, in the app and in the gateway. */
export async function endOf(street: Street, at: number) {
  const one = street.neighbours[at]
  if (!one) throw new Error(`no connection ${at}`)
  const { app, owner } = one.life
  const rows = await storedOf(one.life, one.d1)
  street.marks.check(owner, 'a row', JSON.stringify(rows))
  for (const former of one.lives.slice(0, -1)) expect(await storedOf(former, one.d1)).toEqual([])
  const { accounts, teams } = app?.desk.store.toState() ?? { accounts: [], teams: [] }
  return {
    trace: one.trace,
    accounts: accounts.map((account) => one.canon.text(account)),
    teams: teams.map((team) => one.canon.text(team)),
    rows: one.canon.rows(lasting(rows)),
  }
}
