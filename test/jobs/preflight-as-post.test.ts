/** The pre-flight tells what a POST would then do: random small directories, under random rules. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/scim/schema.ts'
import { adminOf, driveToEnd } from '../support/reconcile.ts'
import { brownfield, openWorld, person, type World } from '../support/world.ts'

const WORK = 'emails[type eq "work"].value'

// Few values, so that people and accounts meet often, in several letter cases and forms.
const address = fc.constantFrom(
  'ada@contoso.com',
  'ADA@Contoso.com',
  'ada@evil.example',
  'bo@contoso.com',
  'root@contoso.com',
  'svc-a@contoso.com',
)
const title = fc.constantFrom('Welder', 'welder', 'Nr. 12', 'no 12', 'ada')
const rule = fc.record(
  {
    scim: fc.constantFrom('userName', WORK, 'title'),
    app: fc.constantFrom('login', 'mail', 'job_title'),
    auto: fc.constantFrom(true, true, true, false),
    tier: fc.constantFrom(1, 2),
    normalize: fc.subarray(['trim', 'lower', 'digits', 'beforeAt'] as const, { maxLength: 2 }),
    require: fc.constantFrom({}, { domainIn: ['contoso.com'] }),
  },
  { requiredKeys: ['scim', 'app', 'auto', 'tier'] },
)
const account = fc.record({
  login: address,
  mail: fc.option(address),
  job_title: fc.option(title),
})
const client = fc.record({ login: address, mail: address, job_title: title })
const directory = fc.record({
  rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
  exclude: fc.subarray(['svc-*', '*@evil.example']),
  isProtected: fc.constantFrom(['root@*'], ['root@*', 'bo@*'], []),
  accounts: fc.array(account, { maxLength: 4 }),
  people: fc.array(client, { minLength: 1, maxLength: 3 }),
})
type Person = typeof client extends fc.Arbitrary<infer P> ? P : never

async function judge(world: World, one: Person): Promise<JsonObject> {
  const call = adminOf(world.open(), world.scim)
  // The scan sees what the person before has left.
  world.clock.now += 60_000
  const value = [
    {
      userPrincipalName: one.login,
      mail: one.mail,
      jobTitle: one.job_title,
      surname: 'Lund',
      accountEnabled: true,
    },
  ]
  const waiting = await call('POST', '/preflight', { value, maxAgeMinutes: 0 })
  expect(waiting.status).toBe(202)
  await driveToEnd(call, waiting.body.waitFor.id)
  const judged = await call('POST', '/preflight', { value, maxAgeMinutes: 0 })
  return judged.body.items[0]
}

/** What a POST did, in the words of a pre-flight. */
async function post(world: World, one: Person): Promise<{ verdict: string; nativeId?: string }> {
  const before = [...world.desk.store.accounts()].length
  const answer = await world.ask(
    'POST',
    '/Users',
    person(one.login, {
      name: { familyName: 'Lund' },
      emails: [{ type: 'work', value: one.mail }],
      title: one.job_title,
    }),
  )
  const made = [...world.desk.store.accounts()].length - before
  switch (answer.status) {
    case 201: {
      if (made === 1) return { verdict: 'create' }
      const call = adminOf(world.open(), world.scim)
      const { body } = await call('GET', '/links')
      const link = body.items.find((item: { id: string }) => item.id === answer.body.id)
      return { verdict: 'adopt', nativeId: link.nativeId }
    }
    case 400:
      return { verdict: 'blocked' }
    case 409:
      return { verdict: answer.body.detail.includes('finding') ? 'ambiguous' : 'linked' }
    default:
      throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`)
  }
}

test('a person’s verdict is what a POST for them then does', { timeout: 120_000 }, async () => {
  const met = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(directory, async ({ rules, exclude, isProtected, accounts, people }) => {
      const world = await openWorld({
        policy: { match: rules, exclude, protected: isProtected },
        faults: { uniqueness: 'off' },
      })
      for (const { login, mail, job_title } of accounts) {
        brownfield(world, login, { mail: mail?.toLowerCase() ?? null, job_title })
      }
      for (const one of people) {
        const told = await judge(world, one)
        const done = await post(world, one)
        met.set(done.verdict, (met.get(done.verdict) ?? 0) + 1)
        const nativeId = (told['account'] as JsonObject | undefined)?.['nativeId']
        expect({
          verdict: told['verdict'],
          ...(told['verdict'] === 'adopt' && { nativeId }),
        }).toEqual(done)
      }
    }),
    { numRuns: 25, seed: 7643, endOnFailure: true },
  )
  // A property that never meets a verdict says nothing about it.
  expect([...met.keys()].sort()).toEqual(['adopt', 'ambiguous', 'blocked', 'create', 'linked'])
})
