/** A directory of people that speaks SOAP 1.1, as services of its time do: order, types, faults. */
import { readXml } from '../../../src/adapter/xml.ts'
import type { Asked } from './app.ts'

interface Person {
  readonly id: string
  login: string
  fullName: string | null
  enabled: boolean
  mails: string[]
}

/** The order in which its schema has the parts of a person. */
const ORDER = ['id', 'login', 'fullName', 'mail', 'enabled']
const PASSWORD = 's3cret'

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

// biome-ignore lint/suspicious/noExplicitAny: documents of many shapes
type Tree = any

export function openDirectory() {
  const people = new Map<string, Person>()
  const actions: string[] = []
  let last = 0

  const envelope = (body: string, status = 200) =>
    new Response(
      `<?xml version="1.0" encoding="utf-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="x" xmlns:xsd="y">
  <soapenv:Body>${body}</soapenv:Body>
</soapenv:Envelope>`,
      { status, headers: { 'content-type': 'text/xml;charset=utf-8' } },
    )
  const fault = (code: string, detail: string, status: number) =>
    envelope(
      `<soapenv:Fault><faultcode>soapenv:${code}</faultcode><faultstring>Sorry</faultstring>` +
        `<detail><e:error xmlns:e="urn:e" code="${detail}">Names nobody should read</e:error></detail>` +
        '</soapenv:Fault>',
      status,
    )
  const shown = ({ id, login, fullName, enabled, mails }: Person) =>
    `<ns2:person><id xsi:type="xsd:int">${id}</id><login xsi:type="xsd:string">${escaped(login)}</login>` +
    (fullName === null
      ? '<fullName xsi:nil="true"/>'
      : `<fullName xsi:type="xsd:string">${escaped(fullName)}</fullName>`) +
    mails.map((mail) => `<mail>${escaped(mail)}</mail>`).join('') +
    `<enabled>${enabled ? 1 : 0}</enabled></ns2:person>`
  const answer = (name: string, inner: string) =>
    envelope(`<ns2:${name}Response xmlns:ns2="urn:dir">${inner}</ns2:${name}Response>`)

  function apply(person: Person, tree: Tree): void {
    if (tree.login !== undefined) person.login = tree.login
    if (tree.fullName !== undefined) person.fullName = tree.fullName
    if (tree.enabled !== undefined) person.enabled = tree.enabled === 'true' || tree.enabled === '1'
    if (tree.mail !== undefined) person.mails = [tree.mail].flat().filter((m) => m !== null)
  }

  function inOrder(tree: Tree): boolean {
    const at = Object.keys(tree).map((name) => ORDER.indexOf(name))
    return at.every((place, i) => place >= 0 && (i === 0 || place > (at[i - 1] ?? -1)))
  }

  return {
    people,
    actions,
    answer({ headers, text, url }: Asked): Response {
      const tree: Tree = readXml(text)
      const { Header, Body } = tree?.Envelope ?? {}
      if (url.pathname !== '/base/ws' || headers.get('content-type') !== 'text/xml') {
        return new Response('<html><body>Welcome</body></html>')
      }
      if (Header?.Security?.UsernameToken?.Password !== PASSWORD) {
        return fault('Client', 'not-authorised', 500)
      }
      const [name = ''] = Object.keys(Body)
      const given: Tree = Body[name] ?? {}
      actions.push(`${headers.get('soapaction')} ${name}`)
      const found = people.get(given.id)
      switch (name) {
        case 'getPerson':
          return found ? answer('getPerson', shown(found)) : fault('Client', 'no-such-person', 500)
        case 'listPeople': {
          const from = Number(given.from)
          const all = [...people.values()].filter(
            (one) => given.login === undefined || one.login === given.login,
          )
          const page = all.slice(from, from + Number(given.count))
          return answer(
            'listPeople',
            `<people total="${all.length}">${page.map(shown).join('')}</people>`,
          )
        }
        case 'createPerson': {
          const { login } = given.person
          if (!inOrder(given.person)) return fault('Client', 'schema', 500)
          // An error inside a 200.
          if ([...people.values()].some((one) => one.login === login)) {
            return answer('createPerson', '<status>DUPLICATE</status>')
          }
          last += 1
          const person = { id: String(last), login, fullName: null, enabled: true, mails: [] }
          apply(person, given.person)
          people.set(person.id, person)
          return answer('createPerson', `<status>OK</status><id>${last}</id>`)
        }
        case 'updatePerson':
          if (!found) return fault('Client', 'no-such-person', 500)
          if (!inOrder(given.person)) return fault('Client', 'schema', 500)
          apply(found, given.person)
          return answer('updatePerson', '<status>OK</status>')
        case 'deletePerson':
          return people.delete(given.id)
            ? answer('deletePerson', '')
            : fault('Client', 'no-such-person', 500)
        default:
          return fault('Server', 'broken', 500)
      }
    },
  }
}
