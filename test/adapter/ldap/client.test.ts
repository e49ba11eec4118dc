import { describe, expect, test } from 'vitest'
import { AdapterFailure } from '../../../src/adapter/failure.ts'
import { createLdapClient } from '../../../src/adapter/ldap/client.ts'
import type { LdapSession } from '../../../src/adapter/ldap/session.ts'
import { type Asked, entry, message, OP, openDirectory, reference, result } from './directory.ts'

const DN = 'uid=ada,ou=people,dc=example,dc=com'
const PEOPLE = { base: 'ou=people,dc=example,dc=com', attributes: ['uid'] }
const byUid = (value: string) => ({ ...PEOPLE, filter: { equal: ['uid', value] as const } })

async function failureOf(work: Promise<unknown>): Promise<AdapterFailure> {
  const failed = await work.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  )
  if (!(failed instanceof AdapterFailure)) throw failed
  return failed
}

const change = (session: LdapSession) =>
  session.modify(DN, [{ how: 'replace', attribute: 'sn', values: ['Quill'] }])

describe('a piece of work', () => {
  test('begins with a bind, ends with an unbind, and leaves no socket open', async () => {
    const directory = openDirectory((asked, line) => line.say(entry(asked, DN), result(asked, 0)))
    const found = await directory.client.use((session) =>
      session.search({ ...byUid('ada'), sizeLimit: 10 }),
    )
    expect(found).toMatchObject({ isComplete: true, entries: [{ dn: DN }] })
    expect(directory.ops()).toEqual([OP.bind, OP.search, OP.unbind])
    expect(directory.open()).toBe(0)
    expect(directory.dialled).toEqual([
      { hostname: 'ldap.example.com', port: 636, secureTransport: 'on', allowHalfOpen: false },
    ])
  })

  test('that fails leaves no socket open either', async () => {
    const directory = openDirectory(() => undefined)
    const boom = new Error('ours')
    await expect(directory.client.use(() => Promise.reject(boom))).rejects.toBe(boom)
    expect(directory.open()).toBe(0)
  })

  test.each([
    [49, 'auth'],
    [53, 'auth'],
    [8, 'auth'],
    [51, 'unavailable'],
  ])('that may not sign in (%i) is %s, without an effect', async (bindCode, code) => {
    const directory = openDirectory(() => undefined, { bindCode })
    expect(await failureOf(directory.client.use(async () => 1))).toMatchObject({
      code,
      effect: 'none',
    })
    expect(directory.open()).toBe(0)
  })

  test.each([
    ['', 'x'],
    ['cn=x', ''],
  ])('never signs in as nobody: "%s", "%s"', async (dn, password) => {
    const directory = openDirectory(() => undefined, { bind: { dn, password } })
    expect((await failureOf(directory.client.use(async () => 1))).code).toBe('auth')
    expect(directory.dialled).toEqual([])
  })

  test('runs operations side by side, and tells their answers apart', async () => {
    const held: Asked[] = []
    const directory = openDirectory(async (asked, line) => {
      held.push(asked)
      const [first, second] = held
      if (!first || !second) return
      await line.say(entry(second, 'cn=second'), entry(first, 'cn=first'))
      await line.say(result(second, 0), result(first, 0))
    })
    const names = await directory.client.use(async (session) => {
      const both = await Promise.all([session.read('cn=1', []), session.read('cn=2', [])])
      return both.map((one) => one?.dn)
    })
    expect(names).toEqual(['cn=first', 'cn=second'])
  })
})

describe('where it connects', () => {
  test.each([
    'https://ldap.example.com',
    'ldaps://user:pass@ldap.example.com',
    'ldaps://ldap.example.com/dc=example',
    'ldaps://ldap.example.com?x',
    'ldaps://localhost',
    'ldaps://127.0.0.1',
    'ldaps://0x7f.1',
    'ldaps://[::1]',
    'ldaps://%31%32%37.0.0.1',
    'ldaps://dc1.corp',
  ])('%s is refused', (url) => {
    const options = { bind: { dn: 'x', password: 'y' }, leftMs: () => 1, maxBytes: 1 }
    const make = () =>
      createLdapClient({
        ...options,
        url,
        openSocket: () => {
          throw new Error('it was called')
        },
        allowInsecure: false,
      })
    expect(make).toThrow(AdapterFailure)
  })

  test('plain text is refused outside development', async () => {
    const bind = { dn: 'x', password: 'y', transport: 'plain' } as const
    const options = { url: 'ldap://ldap.example.com', bind }
    const live = openDirectory(() => undefined, options)
    expect((await failureOf(live.client.use(async () => 1))).code).toBe('protocol')
    expect(live.dialled).toEqual([])
    const development = openDirectory(() => undefined, { ...options, allowInsecure: true })
    expect(await development.client.use(async () => 1)).toBe(1)
    expect(development.dialled).toMatchObject([{ port: 389, secureTransport: 'off' }])
  })

  test('ldap:// sends no credential before StartTLS, nor after it was refused', async () => {
    const directory = openDirectory((asked, line) => line.say(result(asked, 2)), {
      url: 'ldap://ldap.example.com:1389',
    })
    const failed = await failureOf(directory.client.use(async () => 1))
    expect(failed).toMatchObject({ code: 'protocol', effect: 'none' })
    expect(directory.ops()).toEqual([OP.extended])
    expect(directory.dialled).toMatchObject([{ port: 1389, secureTransport: 'starttls' }])
    expect(directory.open()).toBe(0)
  })

  test('what comes in the clear behind the answer to StartTLS is refused', async () => {
    const injected = result({ id: 2, op: OP.bind }, 0)
    const directory = openDirectory(
      (asked, line) => line.say(Uint8Array.from([...result(asked, 0), ...injected])),
      { url: 'ldap://ldap.example.com' },
    )
    expect((await failureOf(directory.client.use(async () => 1))).effect).toBe('none')
    expect(directory.ops()).toEqual([OP.extended])
  })
})

describe('a failure says whether the directory may have changed', () => {
  test.each([
    [32, 'protocol', 'none'],
    [68, 'conflict', 'none'],
    [20, 'conflict', 'none'],
    [50, 'forbidden', 'none'],
    [53, 'blocked', 'none'],
    [19, 'invalid', 'none'],
    [65, 'invalid', 'none'],
    [51, 'unavailable', 'none'],
    [10, 'protocol', 'none'],
    [4, 'protocol', 'none'],
    // A server that passes operations on says these where it lost the other.
    [52, 'unavailable', 'unknown'],
    [80, 'unavailable', 'unknown'],
    [3, 'timeout', 'unknown'],
    [123, 'protocol', 'unknown'],
  ])('%i to a write is %s, effect %s, and answered', async (said, code, effect) => {
    const directory = openDirectory((asked, line) => line.say(result(asked, said)))
    expect(await failureOf(directory.client.use(change))).toMatchObject({
      code,
      effect,
      answered: true,
    })
  })

  test.each([52, 80, 3, 123])('%i to a read is without an effect', async (said) => {
    const directory = openDirectory((asked, line) => line.say(result(asked, said)))
    const failed = await failureOf(directory.client.use((session) => session.read(DN, [])))
    expect(failed.effect).toBe('none')
  })

  test('a connection that is lost during a write: unknown', async () => {
    const directory = openDirectory((_, line) => line.say('lost'))
    expect(await failureOf(directory.client.use(change))).toMatchObject({
      code: 'unavailable',
      effect: 'unknown',
      answered: false,
    })
  })

  test('a connection that is lost during a read: none', async () => {
    const directory = openDirectory((_, line) => line.say('lost'))
    const failed = await failureOf(directory.client.use((session) => session.read(DN, [])))
    expect(failed).toMatchObject({ code: 'unavailable', effect: 'none' })
  })

  test('a notice of disconnection is a lost connection', async () => {
    const directory = openDirectory((_, line) => line.say(result({ id: 0, op: OP.extended }, 52)))
    expect(await failureOf(directory.client.use(change))).toMatchObject({
      code: 'unavailable',
      effect: 'unknown',
    })
  })

  test('no answer to a write in time: unknown, and the socket is closed', async () => {
    const directory = openDirectory(() => undefined, { leftMs: () => 50 })
    expect(await failureOf(directory.client.use(change))).toMatchObject({
      code: 'timeout',
      effect: 'unknown',
    })
    expect(directory.open()).toBe(0)
  })

  test('a refusal after a write that was done: unknown', async () => {
    const directory = openDirectory((asked, line) =>
      line.say(result(asked, asked.op === OP.rename ? 0 : 65)),
    )
    const failed = await failureOf(
      directory.client.use(async (session) => {
        await session.rename(DN, 'uid=eve')
        await change(session)
      }),
    )
    expect(failed).toMatchObject({ code: 'invalid', effect: 'unknown' })
  })

  test('a code that is expected is a result', async () => {
    const directory = openDirectory((asked, line) => line.say(result(asked, 32)))
    const code = await directory.client.use((session) => session.remove(DN, [32]))
    expect(code).toBe(32)
  })

  test('no word of the directory is in a message', async () => {
    const directory = openDirectory((asked, line) =>
      line.say(result(asked, 19, 'uid ada@example.com is taken')),
    )
    const failed = await failureOf(directory.client.use(change))
    expect(JSON.stringify([failed.message, failed.cause])).not.toContain('ada')
  })
})

describe('a search', () => {
  test('that is cut short by a size limit is incomplete', async () => {
    const directory = openDirectory((asked, line) => line.say(entry(asked, DN), result(asked, 4)))
    const found = await directory.client.use((session) =>
      session.search({ ...byUid('ada'), sizeLimit: 1 }),
    )
    expect(found.isComplete).toBe(false)
  })

  test.each([4, 11])('without an end, that is cut short (%i), is a failure', async (code) => {
    const directory = openDirectory((asked, line) =>
      line.say(entry(asked, DN), result(asked, code)),
    )
    const failed = await failureOf(directory.client.use((session) => session.search(byUid('ada'))))
    expect(failed).toMatchObject({ code: 'protocol', effect: 'none' })
  })

  test('whose base is not there is a failure, never an empty answer', async () => {
    const directory = openDirectory((asked, line) => line.say(result(asked, 32)))
    const failed = await failureOf(
      directory.client.use((session) => session.search({ ...byUid('ada'), sizeLimit: 1 })),
    )
    expect(failed.code).toBe('protocol')
  })

  test('of which another server holds a part is a failure', async () => {
    const directory = openDirectory((asked, line) =>
      line.say(entry(asked, DN), reference(asked), result(asked, 0)),
    )
    const failed = await failureOf(
      directory.client.use((session) => session.search({ ...byUid('ada'), sizeLimit: 1 })),
    )
    expect(failed.message).toContain('refers')
  })

  test('goes on by the cookie until there is none', async () => {
    const cookies: string[] = []
    const directory = openDirectory((asked, line) => {
      // The last octets of the request are the cookie of its control.
      const more = cookies.length < 2
      cookies.push(asked.text.includes('next') ? 'next' : '')
      const done = message(asked.id, (writer) => {
        writer.startSequence(0x65)
        writer.writeEnumeration(0)
        writer.writeString('')
        writer.writeString('')
        writer.endSequence()
        writer.startSequence(0xa0)
        writer.startSequence()
        writer.writeString('1.2.840.113556.1.4.319')
        writer.startSequence(0x04)
        writer.startSequence()
        writer.writeInt(0)
        writer.writeString(more ? 'next' : '')
        writer.endSequence()
        writer.endSequence()
        writer.endSequence()
        writer.endSequence()
      })
      return line.say(entry(asked, `cn=${cookies.length}`), done)
    })
    const { entries } = await directory.client.use((session) => session.search(byUid('ada')))
    expect(entries.map(({ dn }) => dn)).toEqual(['cn=1', 'cn=2', 'cn=3'])
    expect(cookies).toEqual(['', 'next', 'next'])
  })

  test('sends a value as it is: it cannot leave its place', async () => {
    const directory = openDirectory((asked, line) => line.say(result(asked, 0)))
    const values = ['*)(uid=*', '\\2a', '(|(a=b))', 'a\0b', 'Ünïcødé 名', '*']
    for (const value of values) {
      await directory.client.use((session) => session.search({ ...byUid(value), sizeLimit: 1 }))
    }
    const searches = directory.asked.filter(({ op }) => op === OP.search)
    const sent = searches.map(({ reader }) => {
      reader.readString() // base
      for (const tag of [0x0a, 0x0a, 0x02, 0x02, 0x01]) reader.readTag(tag)
      // An equality, and nothing else.
      expect(reader.readSequence(0xa3)).toBe(0xa3)
      expect(reader.readString()).toBe('uid')
      return reader.readString()
    })
    expect(sent).toEqual(values)
  })
})

describe('an answer that is none', () => {
  const nested = (bytes: readonly number[]) => Uint8Array.from([0x30, bytes.length, ...bytes])

  test.each<[string, Uint8Array]>([
    ['HTML', new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n<html>')],
    ['an endless length', Uint8Array.from([0x30, 0x80, 1, 1])],
    ['a length of five bytes', Uint8Array.from([0x30, 0x85, 1, 1, 1, 1, 1])],
    // The parser of ldapts asks this one for ever.
    [
      'a value longer than what holds it',
      nested([2, 1, 2, 0x64, 14, 4, 0, 0x30, 10, 0x30, 5, 4, 1, 0x61, 0x31, 8, 4, 100, 1]),
    ],
    ['an answer to what nobody asked', result({ id: 99, op: OP.modify }, 0)],
    ['bytes that are no UTF-8', nested([2, 1, 2, 0x64, 5, 4, 1, 0xff, 0x30, 0])],
  ])('%s is a failure of the protocol', async (_, bytes) => {
    const directory = openDirectory((_asked, line) => line.say(bytes))
    expect(await failureOf(directory.client.use(change))).toMatchObject({
      code: 'protocol',
      effect: 'unknown',
    })
    expect(directory.open()).toBe(0)
  })

  test('more than is to be read is refused before it is read', async () => {
    const directory = openDirectory((_, line) =>
      line.say(Uint8Array.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff])),
    )
    expect((await failureOf(directory.client.use(change))).message).toContain('more than is read')
  })

  test('so are too many entries', async () => {
    const directory = openDirectory(async (asked, line) => {
      for (let i = 0; i < 200; i++) await line.say(entry(asked, DN, { cn: ['x'.repeat(1_000)] }))
    })
    const failed = await failureOf(directory.client.use((session) => session.read(DN, ['cn'])))
    expect(failed).toMatchObject({ code: 'protocol', effect: 'none' })
  })

  test('an answer may come in any pieces', async () => {
    const directory = openDirectory(async (asked, line) => {
      const bytes = [...entry(asked, DN, { sn: ['Œuvre'] }), ...result(asked, 0)]
      for (const byte of bytes) await line.say(Uint8Array.from([byte]))
    })
    const found = await directory.client.use((session) => session.read(DN, ['SN']))
    expect(found?.values('Sn')).toEqual(['Œuvre'])
  })
})
