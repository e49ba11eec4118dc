/**
 * An app that answers what it should not: right answers with wrong types, cut off, nested, huge; pages that
 * never end; HTML; statuses and headers at odds with the body. Behind a manifest, behind the gateway.
 */
import fc from 'fast-check'
import fernhollow from '../../../examples/legacy-app/fernhollow.manifest.json' with { type: 'json' }
import type { Json } from '../../../src/scim/schema.ts'
import { GROUP, PATCH_OP, USER } from '../../../src/scim/urn.ts'
import { admin } from '../../support/gateway.ts'
import { DESK_KEY, openDesk } from '../../support/open-desk.ts'
import { type Lab, openLab, PERSON, PLANTED_FOREIGN, type Sent } from '../lab.ts'
import { mutated, mutatedText } from '../mutate.ts'
import type { Target } from '../target.ts'
import { PROBES } from './probes.ts'

/** How one call of the app is answered. A `seed` makes the same change whenever it is played again. */
type Answer =
  | { readonly how: 'json' | 'text'; readonly seed: number }
  | { readonly how: 'body'; readonly body: string; readonly type: string; readonly status: number }
  | {
      readonly how: 'status'
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
    }
  | { readonly how: 'right' | 'lost' | 'endless' }

const HTML = `<!doctype html><html><title>Sign in</title><p>${PLANTED_FOREIGN}</html>`
const BOMB =
  '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">' +
  '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><users><user><id>&c;</id></user></users>'
const BODIES = [
  ...[
    '',
    ' ',
    'null',
    'true',
    '0',
    '[]',
    '{}',
    '""',
    '[[]]',
    '[null]',
    '{"items":null}',
    HTML,
    BOMB,
  ],
  ...[`{"errors":[{"message":"${PLANTED_FOREIGN}"}],"data":null}`, '{"data":{"users":null}}'],
  ...[
    `{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"${PLANTED_FOREIGN}"}}`,
    '\u0000',
    '\ufeff{}',
  ],
  ...[
    `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    '{"id":"\\ud800"}',
    '{"__proto__":{"id":1}}',
    '1e999',
  ],
  '<!DOCTYPE x SYSTEM "file:///etc/passwd"><users/>',
  `<users>${'<user>'.repeat(200)}`,
  `[${Array.from({ length: 3_000 }, (_, at) => `{"id":${at}}`).join()}]`,
  `{"accounts":[${Array.from({ length: 500 }, () => '{"account_no":1}').join()}],"more":true}`,
]
const TYPES = [
  'application/json',
  'text/html',
  'application/xml',
  '',
  'application/json; charset=x',
]
const STATUSES = [
  200, 201, 202, 204, 301, 302, 304, 400, 401, 403, 404, 409, 422, 429, 500, 503, 599,
]
const header = fc.constantFrom<Readonly<Record<string, string>>>(
  ...[{}, { 'retry-after': '-5' }, { 'retry-after': '1e99' }, { 'retry-after': 'soon' }],
  ...[{ location: 'http://169.254.169.254/' }, { link: '<//evil.example>; rel="next"' }],
  ...[{ 'content-encoding': 'gzip' }, { 'content-length': '5' }, { 'x-total-count': 'NaN' }],
)

export const answer: fc.Arbitrary<Answer> = fc.oneof(
  { arbitrary: fc.record({ how: fc.constant('right' as const) }), weight: 3 },
  {
    arbitrary: fc.record({
      how: fc.constantFrom('json' as const, 'text' as const),
      seed: fc.nat(),
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      how: fc.constant('body' as const),
      body: fc.constantFrom(...BODIES),
      type: fc.constantFrom(...TYPES),
      status: fc.constantFrom(200, 200, 201, 400, 500),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      how: fc.constant('status' as const),
      status: fc.constantFrom(...STATUSES),
      headers: header,
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({ how: fc.constantFrom('lost' as const, 'endless' as const) }),
    weight: 1,
  },
)

async function answered(given: Answer, right: () => Promise<Response>): Promise<Response> {
  switch (given.how) {
    case 'right':
      return right()
    case 'lost':
      await right()
      throw new TypeError(`${PLANTED_FOREIGN}: connection reset`)
    case 'endless': {
      // Longer than any answer may be, without a length.
      const piece = new TextEncoder().encode('[0,0,0,0,0,0,0,0]'.repeat(20_000))
      return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(piece) }))
    }
    case 'body': {
      const headers = { ...(given.type !== '' && { 'content-type': given.type }) }
      return new Response(given.body, { status: given.status, headers })
    }
    case 'status': {
      const response = await right()
      const isBare = [204, 304].includes(given.status)
      const body = isBare ? null : await response.text()
      return new Response(body, { status: given.status, headers: given.headers })
    }
    case 'json':
    case 'text': {
      const response = await right()
      const text = await response.text()
      const { status } = response
      if (text === '') return new Response(status === 204 ? null : '', { status })
      const options = { seed: given.seed, numRuns: 1 }
      if (given.how === 'text') {
        const [changed = ''] = fc.sample(mutatedText(fc.constant(text)), options)
        return new Response(changed, { status })
      }
      const [changed] = fc.sample(mutated(parsed(text)), options)
      return new Response(JSON.stringify(changed), { status })
    }
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

interface Case {
  /** What a client asks for, by its place in the list of requests. */
  readonly ask: number
  /** Of the calls that it leads to, in their order; the rest is right. */
  readonly answers: readonly Answer[]
}

const person = (userName: string) => ({
  schemas: [USER],
  userName,
  name: { givenName: 'A', familyName: 'B' },
  emails: [{ value: userName, type: 'work', primary: true }],
  active: true,
})
const body = (message: object) => JSON.stringify(message)
const patchOf = (...Operations: readonly object[]) => body({ schemas: [PATCH_OP], Operations })

/** Each kind of request that leads to the app. */
function requestsOf(id: string, group: string): readonly Sent[] {
  const user = `/Users/${id}`
  const team = `/Groups/${group}`
  const filter = (text: string) => `?filter=${encodeURIComponent(text)}`
  return [
    { method: 'GET', path: '/Users' },
    { method: 'GET', path: '/Users?startIndex=2&count=2' },
    { method: 'GET', path: '/Users?cursor=&count=2' },
    { method: 'GET', path: `/Users${filter(`userName eq "${PERSON}"`)}` },
    { method: 'GET', path: `/Users${filter('name.familyName co "B"')}` },
    { method: 'GET', path: user },
    { method: 'GET', path: `${user}?attributes=groups` },
    { method: 'GET', path: '/Groups' },
    { method: 'GET', path: team },
    { method: 'GET', path: `${team}?excludedAttributes=members` },
    { method: 'POST', path: '/Users', body: body(person(PERSON)) },
    { method: 'POST', path: '/Users', body: body(person('new@fuzz.example')) },
    { method: 'POST', path: '/Groups', body: body({ schemas: [GROUP], displayName: 'New' }) },
    { method: 'PUT', path: user, body: body({ ...person(PERSON), title: 'T' }) },
    { method: 'PATCH', path: user, body: patchOf({ op: 'replace', path: 'title', value: 'U' }) },
    { method: 'PATCH', path: user, body: patchOf({ op: 'replace', path: 'active', value: false }) },
    { method: 'PATCH', path: user, body: patchOf({ op: 'replace', path: 'active', value: true }) },
    {
      method: 'PATCH',
      path: team,
      body: patchOf({ op: 'add', path: 'members', value: [{ value: id }] }),
    },
    {
      method: 'PATCH',
      path: team,
      body: patchOf({ op: 'remove', path: `members[value eq "${id}"]` }),
    },
    {
      method: 'PUT',
      path: team,
      body: body({ schemas: [GROUP], displayName: 'H', members: [{ value: id }] }),
    },
    { method: 'DELETE', path: user },
  ]
}

const idIn = (text: string) => String((JSON.parse(text) as { id?: string }).id)

export const answers: Target<Case> = {
  name: 'answers',
  async open() {
    const name = `fuzz-${crypto.randomUUID()}`
    const put = await admin('PUT', `/manifests/${name}`, { ...fernhollow, name })
    if (put.status !== 201) throw new Error(JSON.stringify(put.body))
    const desk = openDesk()
    let wrong: Answer[] = []
    const url = `http://${name}.test`
    const app = (input: string, init: RequestInit) => {
      if (!input.startsWith(url)) throw new TypeError('this is the app of another test')
      const given = wrong.shift()
      return answered(given ?? { how: 'right' }, () => desk.fetch(input, init))
    }
    const connection = { adapter: name, settings: { url }, secrets: { apiKey: DESK_KEY } }
    const lab = await openLab('answers', connection, { app, secrets: [DESK_KEY] })
    const group = idIn(
      (await lab.ask({ method: 'POST', path: '/Groups', body: body({ displayName: 'G' }) })).text,
    )
    let id = ''
    return {
      cases: fc.record({
        ask: fc.nat({ max: requestsOf('', '').length - 1 }),
        answers: fc.array(answer, { minLength: 1, maxLength: 4 }),
      }),
      async run(given) {
        wrong = []
        id = await standing(lab, id)
        const sent = requestsOf(id, group)[given.ask]
        if (!sent) throw new Error(`there is no request ${given.ask}`)
        wrong = [...given.answers]
        await lab.ask(sent)
        // What a wrong answer left half done is looked at again by whoever comes next.
        wrong = []
        await lab.ask({ method: 'GET', path: `/Users?count=5` })
      },
    }
  },
}

/** A person to ask about, whatever the cases before did to the last one. */
async function standing(lab: Lab, id: string): Promise<string> {
  if (id !== '') {
    const { status } = await lab.ask({ method: 'GET', path: `/Users/${id}` })
    if (status === 200) return id
  }
  const userName = `p-${crypto.randomUUID()}@fuzz.example`
  const made = await lab.ask({ method: 'POST', path: '/Users', body: body(person(userName)) })
  if (made.status !== 201) throw new Error(`no person could be made: ${made.status} ${made.text}`)
  return idIn(made.text)
}

/** As `answers`, for manifests that speak otherwise: XML, JSON-RPC, GraphQL, cursors. */
export const probes: Target<Case & { readonly probe: number }> = {
  name: 'probes',
  async open() {
    let wrong: Answer[] = []
    const opened = await Promise.all(
      PROBES.map(async ({ manifest, right }, at) => {
        const name = `fuzz-${crypto.randomUUID()}`
        const put = await admin('PUT', `/manifests/${name}`, { ...manifest, name })
        if (put.status !== 201) throw new Error(JSON.stringify(put.body))
        const url = `http://${name}.test`
        const app = (input: string, init: RequestInit) => {
          if (!input.startsWith(url)) throw new TypeError('this is the app of another test')
          const given = wrong.shift()
          return answered(given ?? { how: 'right' }, async () => right(new URL(input), init))
        }
        const connection = { adapter: name, settings: { url }, secrets: { key: PLANTED_FOREIGN } }
        return openLab(`probes-${at}`, connection, { app })
      }),
    )
    const requests = requestsOf('none', 'none').filter(({ method }) => method === 'GET')
    return {
      cases: fc.record({
        probe: fc.nat({ max: PROBES.length - 1 }),
        ask: fc.nat({ max: requests.length - 1 }),
        answers: fc.array(answer, { minLength: 1, maxLength: 4 }),
      }),
      async run({ probe, ask, answers: given }) {
        wrong = [...given]
        const sent = requests[ask]
        const lab = opened[probe]
        if (sent && lab) await lab.ask(sent)
        wrong = []
      },
    }
  },
}
