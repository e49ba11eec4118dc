/** Apps that speak otherwise than JSON over REST, each as a manifest and as its right answers. */
import { MINIMAL } from '../../adapter/manifest/app.ts'

export interface Probe {
  readonly manifest: object
  readonly right: (url: URL, init: RequestInit) => Response
}

const { User } = MINIMAL.resources
const withUser = (more: object, rest: object = {}) => ({
  ...MINIMAL,
  ...rest,
  resources: { User: { ...User, ...more } },
})

interface Person {
  readonly id: string
  readonly login: string
  readonly mail: string
}
const PEOPLE: readonly Person[] = Array.from({ length: 5 }, (_, at) => {
  return { id: String(at), login: `l${at}`, mail: `m${at}@x.example` }
})
const one = ({ pathname }: URL) => PEOPLE.find(({ id }) => pathname.endsWith(`/${id}`))

function xml(people: readonly Person[]): Response {
  const users = people.map(({ id, login, mail }) => {
    return `<user><id>${id}</id><login>${login}</login><mail>${mail}</mail></user>`
  })
  const headers = { 'content-type': 'application/xml' }
  return new Response(`<?xml version="1.0"?><users>${users.join('')}</users>`, { headers })
}

/** What the body of a POST asks for: one person by `id`, or all. */
function asked(init: RequestInit, at: 'params' | 'variables'): readonly Person[] {
  const { id } = (JSON.parse(String(init.body)) as { [key: string]: { id?: string } })[at] ?? {}
  return id === undefined ? PEOPLE : PEOPLE.filter((person) => person.id === id)
}

const rpc = (method: string, params: object) => ({
  method: 'POST',
  path: '/rpc',
  safe: true,
  body: { json: { jsonrpc: '2.0', id: 1, method, params } },
  rules: [{ at: '/error', exists: true, means: { fail: 'invalid' } }],
})
const graph = (graphql: string, variables: object) => ({
  method: 'POST',
  path: '/graphql',
  safe: true,
  body: { graphql, variables },
  rules: [{ at: '/errors/0', exists: true, means: { fail: 'invalid' } }],
})

export const PROBES: readonly Probe[] = [
  {
    manifest: withUser({
      list: {
        ...{ method: 'GET', path: '/users', query: { after: '{cursor}' }, items: '/items' },
        pager: { kind: 'cursor', next: '/next' },
        maxPage: 2,
      },
    }),
    right: (url) => {
      const person = one(url)
      if (person) return Response.json(person)
      const from = Number(url.searchParams.get('after') || 0)
      const next = from + 2 < PEOPLE.length ? String(from + 2) : null
      return Response.json({ items: PEOPLE.slice(from, from + 2), next })
    },
  },
  {
    manifest: withUser(
      {
        get: { method: 'GET', path: '/users/{id}', item: '/users/user' },
        list: { method: 'GET', path: '/users', items: '/users/user' },
      },
      { answers: 'xml' },
    ),
    right: (url) => {
      const person = one(url)
      return xml(person ? [person] : PEOPLE)
    },
  },
  {
    manifest: withUser({
      get: { ...rpc('get', { id: '{id}' }), item: '/result/0' },
      list: { ...rpc('list', {}), items: '/result' },
    }),
    right: (_, init) => Response.json({ jsonrpc: '2.0', id: 1, result: asked(init, 'params') }),
  },
  {
    manifest: withUser({
      get: {
        ...graph('query ($id: ID!) { users(id: $id) { id login mail } }', { id: '{id}' }),
        item: '/data/users/0',
      },
      list: { ...graph('{ users { id login mail } }', {}), items: '/data/users' },
    }),
    right: (_, init) => Response.json({ data: { users: asked(init, 'variables') } }),
  },
]
