/** A SOAP service as a manifest: envelopes, SOAPAction, faults, and lists of none, one and many. */
import { describe, expect, test } from 'vitest'
import { AdapterFailure } from '../../../src/adapter/failure.ts'
import { manifestSchema } from '../../../src/adapter/manifest/schema.ts'
import { manifestWith, openApp } from './app.ts'
import { openDirectory } from './directory.ts'

const call = (name: string, inner: object, more: object = {}) => ({
  method: 'POST',
  path: '/ws',
  headers: { SOAPAction: `"urn:dir#${name}"`, 'Content-Type': 'text/xml' },
  body: {
    xml: {
      'soap:Envelope': {
        '@xmlns:soap': 'http://schemas.xmlsoap.org/soap/envelope/',
        '@xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
        '@xmlns:d': 'urn:dir',
        'soap:Header': {},
        'soap:Body': { [`d:${name}`]: inner },
      },
    },
    nil: 'xsi:nil',
  },
  ...more,
})
const detail = '/Envelope/Body/Fault/detail/error/@code'
const person = '/Envelope/Body/getPersonResponse/person'

const manifest = manifestWith(
  {
    id: '/id',
    attributes: {
      login: { required: true, unique: true, caseExact: true },
      fullName: {},
      mails: { at: '/mail', multiValued: true },
      vip: { type: 'boolean', at: '/enabled', write: 'never' },
    },
    get: call('getPerson', { id: '{id}' }, { safe: true, item: person }),
    list: call(
      'listPeople',
      { from: '{offset}', count: '{limit}' },
      {
        safe: true,
        items: '/Envelope/Body/listPeopleResponse/people/person',
        pager: { kind: 'offset', total: '/Envelope/Body/listPeopleResponse/people/@total' },
        maxPage: 2,
      },
    ),
    lookups: [
      call(
        'listPeople',
        { from: '{offset}', count: '{limit}', login: '{value}' },
        {
          safe: true,
          attribute: 'login',
          exact: true,
          caseExact: true,
          includesInactive: true,
          lagMs: 0,
        },
      ),
    ],
    create: call(
      'createPerson',
      { person: { '...': '{attributes}', enabled: '{active}' } },
      {
        returns: { id: '/Envelope/Body/createPersonResponse/id' },
        rules: [
          {
            at: '/Envelope/Body/createPersonResponse/status',
            equals: 'DUPLICATE',
            means: { exists: {} },
          },
        ],
      },
    ),
    update: call('updatePerson', { id: '{id}', person: '{attributes}' }),
    active: {
      at: '/enabled',
      on: '1',
      off: '0',
      enable: call('updatePerson', { id: '{id}', person: { enabled: true } }),
      disable: call('updatePerson', { id: '{id}', person: { enabled: false } }),
    },
    remove: call('deletePerson', { id: '{id}' }, { kind: 'hard' }),
  },
  {
    auth: {
      kind: 'body',
      secret: 'key',
      at: '/soap:Envelope/soap:Header/Security/UsernameToken/Password',
    },
    answers: 'xml',
    rules: [
      { status: 500, at: detail, equals: 'no-such-person', means: 'absent' },
      { status: 500, at: detail, equals: 'not-authorised', means: { fail: 'auth' } },
      { at: '/Envelope/Body/Fault/faultcode', contains: 'Client', means: { fail: 'invalid' } },
    ],
  },
)

const open = (secret = 's3cret') => {
  const directory = openDirectory()
  return { ...openApp(manifest, (asked) => directory.answer(asked), { secret }), directory }
}
const create = (app: ReturnType<typeof open>, login: string, more: object = {}) =>
  app.User.create?.({
    attributes: { login, ...more },
    active: true,
    idempotencyKey: 'k',
  }) ?? Promise.reject(new Error('no create'))
const failure = async (work: Promise<unknown> | undefined) => {
  const error = await work?.catch((e: unknown) => e)
  expect(error).toBeInstanceOf(AdapterFailure)
  return error
}

describe('a SOAP service', () => {
  test('makes, shows, finds, changes, switches and removes people', async () => {
    const app = open()
    const { User } = app
    const ann = { mails: ['a@x', 'b@x'], fullName: 'Ann & <Co> "é"', login: 'ann' }
    expect(await create(app, 'ann', ann)).toMatchObject({
      kind: 'created',
      object: { id: '1', active: true, attributes: { ...ann, vip: true } },
    })
    expect(app.directory.actions[0]).toBe('"urn:dir#createPerson" createPerson')
    expect(await create(app, 'ann')).toEqual({ kind: 'exists' })
    expect(await User.find('login', 'ann')).toMatchObject([{ id: '1' }])
    expect(await User.find('login', 'nobody')).toEqual([])
    await User.update?.('1', { set: { mails: ['c@x'] }, unset: ['fullName'] })
    expect(await User.get('1')).toMatchObject({ attributes: { login: 'ann', mails: ['c@x'] } })
    expect(app.directory.people.get('1')?.fullName).toBe(null)
    await User.setActive?.('1', false)
    expect(await User.get('1')).toMatchObject({ active: false, attributes: { vip: false } })
    await User.remove?.('1')
    expect(await User.get('1')).toBe(null)
  })

  test.each([0, 1, 2, 3, 5])('lists %i people, each once', async (count) => {
    const app = open()
    const logins = Array.from({ length: count }, (_, i) => `p${i}`)
    for (const login of logins) await create(app, login)
    const seen: unknown[] = []
    let cursor: string | undefined
    do {
      const page = await app.User.list({ pageSize: 10, ...(cursor !== undefined && { cursor }) })
      expect(page.total).toBe(count)
      seen.push(...page.items.map(({ attributes }) => attributes['login']))
      cursor = page.next
    } while (cursor !== undefined)
    expect(seen).toEqual(logins)
  })

  test('a fault is what the rules make of it, whatever its status, and its words stay there', async () => {
    const { User } = open()
    expect(await User.get('9')).toBe(null)
    expect(await User.update?.('9', { set: { login: 'x' }, unset: [] })).toEqual({ kind: 'gone' })
    const wrong = await failure(open('wrong').User.get('9'))
    expect(wrong).toMatchObject({ code: 'auth', effect: 'none' })
    expect(String(wrong)).not.toContain('Names nobody')
  })

  test('a fault that nobody expects is no list, and no object', async () => {
    const fault =
      '<Envelope><Body><Fault><faultcode>Server</faultcode><faultstring>x</faultstring></Fault></Body></Envelope>'
    const { User } = openApp(manifest, () => new Response(fault))
    expect(await failure(User.list({ pageSize: 5 }))).toMatchObject({ code: 'protocol' })
    expect(await failure(User.find('login', 'x'))).toMatchObject({ code: 'protocol' })
    expect(await failure(User.get('7'))).toMatchObject({ code: 'protocol' })
  })

  test('a sign-in page, JSON, and a bomb are no answers', async () => {
    const bomb = '<!DOCTYPE a [<!ENTITY x "y">]><Envelope>&x;</Envelope>'
    for (const body of ['<html><body>Sign in</body></html>', '{"ok":true}', bomb]) {
      const { User } = openApp(manifest, () => new Response(body))
      expect(await failure(User.get('7'))).toMatchObject({ code: 'protocol' })
    }
  })

  test('a value that XML cannot hold is refused before the app is asked', async () => {
    const app = open()
    expect(await failure(create(app, 'a\u0001'))).toMatchObject({ code: 'invalid', effect: 'none' })
    expect(app.asked).toEqual([])
  })
})

describe('XML in a manifest', () => {
  const faults = (xml: unknown) => {
    const get = { method: 'POST', path: '/ws', body: { xml } }
    const parsed = manifestSchema.safeParse(manifestWith({ get }))
    return parsed.success
      ? ''
      : parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('\n')
  }

  test.each<[string, unknown, string]>([
    ['two documents', { a: {}, b: {} }, 'xml: must hold one member'],
    ['none', {}, 'xml: must hold one member'],
    ['a document that is an attribute', { '@a': 'x' }, 'xml: must hold one member'],
    ['a name with a blank', { a: { b: [{ 'c d': 1 }] } }, 'xml.a.b.0.c d: is no name in XML'],
    ['a placeholder as a name', { a: { '{id}': 1 } }, 'xml.a.{id}: is no name in XML'],
  ])('refuses %s, and says where', (_, xml, fault) => {
    expect(faults(xml)).toContain(fault)
  })
})
