/** A job that disables everybody, in the simulator: stopped by the guard, and let through by a person. */
import { expect, test } from 'vitest'
import { useNpmStart } from '../support/npm-start.ts'
import { simulateJson } from '../support/simulate.ts'

const TIMEOUT_MS = 180_000
const PEOPLE = 80

const gateway = useNpmStart()

const enabled = async () =>
  (await gateway.desk.accounts()).filter(({ state }) => state === 'enabled').length

test(
  'a runaway job is stopped at fifty, and goes on when a person allows it',
  async () => {
    await simulateJson(['--users', String(PEOPLE)], gateway.env)
    const before = await enabled()
    const stopped = await simulateJson(['--users', String(PEOPLE), '--runaway'], gateway.env)
    expect(stopped).toMatchObject({ code: 0, disabled: 50, failed: 0, parked: before - 50 })
    expect(await enabled()).toBe(before - 50)

    const finding = String(stopped['finding'])
    const allowed = await gateway.postern(['findings', 'demo', '--allow', finding, '--json'])
    expect(allowed.code).toBe(0)
    expect(allowed.json).toMatchObject({
      kind: 'guard',
      state: 'closed',
    })
    const rest = await simulateJson(['--users', String(PEOPLE), '--runaway'], gateway.env)
    expect(rest).toMatchObject({ code: 0, disabled: before - 50, failed: 0 })
    expect(await enabled()).toBe(0)

    const leavers = await gateway.postern(['people', 'leavers', 'demo', '--days', '0', '--json'])
    const items: { id: string }[] = leavers.json.items
    // Some were off in the directory before.
    expect(items).toHaveLength(PEOPLE)
    const [first] = items
    const removed = await gateway.postern(['people', 'remove', 'demo', first?.id ?? '', '--json'])
    expect(removed.code).toBe(0)
  },
  TIMEOUT_MS,
)
