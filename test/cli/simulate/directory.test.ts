import { describe, expect, test } from 'vitest'
import { mapPerson, readTarget, userBody } from '../../../cli/simulate/attribute-mapping.ts'
import { beforeMove, createDirectory } from '../../../cli/simulate/directory.ts'
import { inventedName } from '../../../cli/simulate/invented-names.ts'
import { SEED_ACCOUNTS, SEED_TEAMS } from '../../../examples/legacy-app/people.ts'

const names = (size: number) => createDirectory(size).people.map((p) => p.userPrincipalName)

describe('the directory', () => {
  test('begins with the people of the example app, under their logins in lower case', () => {
    expect(names(60).slice(0, 40)).toEqual(SEED_ACCOUNTS.map(({ login }) => login.toLowerCase()))
    expect(createDirectory(3).people).toHaveLength(3)
  })

  test('is the same each time, and a larger one begins with the smaller one', () => {
    expect(createDirectory(80)).toEqual(createDirectory(80))
    expect(names(200).slice(0, 60)).toEqual(names(60))
    expect(createDirectory(200).moves.slice(0, 8)).toEqual(createDirectory(64).moves)
  })

  test('holds nobody twice, and no id twice', () => {
    const { people, groups } = createDirectory(4000)
    expect(new Set(people.map((p) => p.userPrincipalName)).size).toBe(4000)
    expect(new Set(people.map((p) => p.mailNickname)).size).toBe(4000)
    expect(new Set([...people, ...groups].map((o) => o.objectId)).size).toBe(4005)
    for (const { objectId } of groups) expect(objectId).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('invents names whose mailNickname is ASCII, whatever the name', () => {
    for (let number = 0; number < 3100; number++) {
      expect(inventedName(number).mailNickname).toMatch(/^[a-z]+\.[a-z-]+\d*$/)
    }
  })

  test('disables whom the app has suspended, and nobody else', () => {
    const disabled = createDirectory(60).people.filter((person) => !person.accountEnabled)
    const suspended = SEED_ACCOUNTS.filter((account) => account.state === 'suspended')
    expect(disabled.map((p) => p.userPrincipalName)).toEqual(
      suspended.map(({ login }) => login.toLowerCase()),
    )
  })

  test('knows the same of the 40 as the app does before anybody moves', () => {
    const { people, moves } = createDirectory(40)
    for (const [index, person] of people.entries()) {
      const account = SEED_ACCOUNTS[index]
      const move = moves.find((m) => m.userPrincipalName === person.userPrincipalName)
      const before = move ? beforeMove(person, move) : person
      expect(before.jobTitle ?? null).toBe(account?.job_title)
      expect(before.department ?? null).toBe(account?.org_unit)
      expect(before.telephoneNumber ?? null).toBe(account?.phone)
      expect(before.mail).toBe(account?.mail?.toLowerCase())
      expect([before.givenName ?? null, before.surname]).toEqual([
        account?.first_name,
        account?.last_name,
      ])
    }
  })

  test('moves somebody to a job that is not the one before', () => {
    const { people, moves } = createDirectory(60)
    expect(moves.length).toBeGreaterThan(4)
    for (const { userPrincipalName, before } of moves) {
      const after = people.find((p) => p.userPrincipalName === userPrincipalName)
      expect(after).not.toMatchObject(before)
    }
  })

  test('has managers who are in it, above someone else than themselves', () => {
    const { people } = createDirectory(60)
    const managed = people.filter((person) => person.manager !== undefined)
    expect(managed.length).toBeGreaterThan(50)
    for (const person of managed) {
      expect(names(60)).toContain(person.manager)
      expect(person.manager).not.toBe(person.userPrincipalName)
    }
  })

  test('has the teams of the app with all their people, and two groups of its own', () => {
    const { groups } = createDirectory(60)
    expect(groups).toHaveLength(5)
    for (const team of SEED_TEAMS) {
      const group = groups.find(({ displayName }) => displayName === team.title)
      const logins = team.people.map((no) =>
        SEED_ACCOUNTS.find((a) => a.account_no === no)?.login.toLowerCase(),
      )
      expect(group?.members).toEqual(expect.arrayContaining(logins))
    }
    const memberships = groups.reduce((sum, { members }) => sum + members.length, 0)
    expect(memberships, 'members overlap').toBeGreaterThan(60)
  })
})

describe('the attribute mappings', () => {
  const [person] = createDirectory(41).people.slice(40)
  if (!person) throw new Error('the directory has 41 people')

  test('make the body of a POST in the shape of Entra', () => {
    const body = userBody(mapPerson(person))
    expect(body).toMatchObject({
      schemas: [
        'urn:ietf:params:scim:schemas:core:2.0:User',
        'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
      ],
      externalId: person.mailNickname,
      userName: person.userPrincipalName,
      active: true,
      displayName: person.displayName,
      emails: [{ primary: true, type: 'work', value: person.mail }],
      meta: { resourceType: 'User' },
      name: { formatted: person.displayName, familyName: person.surname },
      roles: [],
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': {
        department: person.department,
        employeeNumber: person.employeeId,
      },
    })
    expect(JSON.stringify(body)).not.toContain('manager')
  })

  test('read back from a resource what they have written', () => {
    const values = mapPerson(person)
    const body = userBody(values)
    for (const { target, value } of values) expect(readTarget(body, target)).toBe(value)
  })

  test('send nothing for what is not set', () => {
    const paths = mapPerson({ ...person, jobTitle: undefined }).map(({ target }) => target.path)
    expect(paths).not.toContain('title')
  })
})
