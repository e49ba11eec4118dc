/** Directories and databases quote what they were told: none of it is in the failure that comes of it. */
import { expect, test } from 'vitest'
import { RESULT } from '../../src/adapter/ldap/result.ts'
import { createDatabase } from '../../src/adapter/sql/database.ts'
import { createDial } from '../../src/adapter/sql/dial.ts'
// What is loaded on first use takes its own time.
import '../../src/adapter/sql/postgres.ts'
import type { LdapSession } from '../../src/adapter/ldap/session.ts'
import { entry, openDirectory, result } from '../adapter/ldap/directory.ts'
import { foundIn, plantPerson, plantSecret } from './planted.ts'

const who = plantPerson()
const password = plantSecret('password')
const planted = { ...who, password }
const quoted = `near "${Object.values(planted).join('", "')}"`

/** All that an error holds, whoever prints it, with what caused it. */
function everythingOf(error: unknown): string {
  if (!(error instanceof Error)) throw new Error('it did not fail')
  const own = Object.getOwnPropertyNames(error).map((name) => [name, Reflect.get(error, name)])
  const cause = error.cause === undefined ? '' : everythingOf(error.cause)
  return `${error.name} ${error.message} ${error.stack} ${JSON.stringify(own)} ${cause}`
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

const DN = `uid=${who.userName},ou=people,dc=example,dc=com`
const PEOPLE = { base: 'ou=people,dc=example,dc=com', attributes: ['mail'] }
const DIRECTORY: Readonly<Record<string, (session: LdapSession) => Promise<unknown>>> = {
  search: (session) => session.search({ ...PEOPLE, filter: { equal: ['mail', who.mail] } }),
  read: (session) => session.read(DN, ['mail']),
  compare: (session) => session.compare(DN, 'mail', who.mail),
  add: (session) => session.add(DN, { mail: [who.mail], userPassword: [password] }),
  modify: (session) =>
    session.modify(DN, [{ how: 'replace', attribute: 'mail', values: [who.mail] }]),
  rename: (session) => session.rename(DN, `uid=${who.mail}`),
  remove: (session) => session.remove(DN),
}
const bind = { dn: `cn=${who.familyName},dc=example,dc=com`, password }

test.each(Object.entries(DIRECTORY))(
  'a directory that quotes what it was told tells nobody by it: %s',
  async (_, work) => {
    let failures = 0
    for (const code of Object.values(RESULT)) {
      const { client } = openDirectory(
        // An entry that nobody has asked for in this way comes along.
        (asked, line) => line.say(entry(asked, DN, { x: [quoted] }), result(asked, code, quoted)),
        { bind },
      )
      const error = await failureOf(client.use(work))
      if (error === undefined) continue
      failures += 1
      expect(foundIn(everythingOf(error), planted), `result ${code}`).toEqual([])
    }
    expect(failures).toBeGreaterThan(20)
  },
)

test('a directory that quotes a refused credential tells nobody by it', async () => {
  for (const bindCode of Object.values(RESULT).filter((code) => code !== RESULT.success)) {
    const { client } = openDirectory(() => undefined, { bind, bindCode, diagnostic: quoted })
    const error = await failureOf(client.use(async () => undefined))
    expect(foundIn(everythingOf(error), planted), `result ${bindCode}`).toEqual([])
  }
})

// ---- a database --------------------------------------------------------------------------------------

const bytesOf = (text: string) => [...new TextEncoder().encode(text)]
const lengthOf = (length: number) => [24, 16, 8, 0].map((shift) => (length >> shift) & 255)
/** A message of PostgreSQL's protocol, version 3. */
const said = (type: string, payload: readonly number[]) => [
  ...bytesOf(type),
  ...lengthOf(payload.length + 4),
  ...payload,
]
const WELCOME = [...said('R', [0, 0, 0, 0]), ...said('Z', bytesOf('I'))]

function errorResponse(code: string): number[] {
  const fields = { S: 'ERROR', V: 'ERROR', C: code, M: quoted, D: `Key (mail)=(${quoted}) exists.` }
  const all = Object.entries({ ...fields, W: quoted, n: 'person_mail_key' })
  return said('E', [...all.flatMap(([name, text]) => [...bytesOf(name + text), 0]), 0])
}

/** A server that says one thing to whoever comes, and another to whatever it is asked. */
function openServer(toStart: readonly number[], toQuery: readonly number[]) {
  const down = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 1_000 })
  const writer = down.writable.getWriter()
  let isStarted = false
  const writable = new WritableStream<Uint8Array>({
    async write() {
      await writer.write(Uint8Array.from(isStarted ? toQuery : toStart))
      isStarted = true
    },
  })
  const close = async () => void (await writer.close().catch(() => undefined))
  const socket = { readable: down.readable, writable, opened: Promise.resolve({}), close }
  return createDatabase({
    url: 'postgres://127.0.0.1/app',
    login: { user: who.userName, password },
    hyperdrives: new Map(),
    allowInsecure: true,
    leftMs: () => 1_000,
    dial: createDial(
      () => ({ ...socket, closed: new Promise<void>(() => {}) }) as unknown as Socket,
    ),
  })
}

const CODES = ['23505', '23514', '22001', '42501', '28P01', '53300', '57014', '42P01', 'XX000']

test.each(CODES)('a database that quotes what it was told tells nobody by it: %s', async (code) => {
  const refused = [...errorResponse(code), ...said('Z', bytesOf('I'))]
  const starts = [
    [errorResponse(code), refused],
    [WELCOME, refused],
  ] as const
  for (const [toStart, toQuery] of starts) {
    const database = openServer(toStart, toQuery)
    const asking = database.read(async () => undefined)
    const text = everythingOf(await failureOf(asking))
    expect(foundIn(text, planted)).toEqual([])
    // What it was, by our own words.
    expect(text).toContain(`SQLSTATE ${code}`)
  }
})
