/** No command prints the token or a secret that it was given, whatever the gateway answers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { access } from '../../cli/access.ts'
import { administrators } from '../../cli/administrators.ts'
import { alerts } from '../../cli/alerts.ts'
import { audit } from '../../cli/audit.ts'
import { clients } from '../../cli/clients.ts'
import { type Command, CommandError } from '../../cli/command.ts'
import { connections } from '../../cli/connections.ts'
import { doctor } from '../../cli/doctor.ts'
import { findings } from '../../cli/findings.ts'
import { links } from '../../cli/links.ts'
import { manifests } from '../../cli/manifests.ts'
import { mapping } from '../../cli/mapping.ts'
import { people } from '../../cli/people.ts'
import { preflight } from '../../cli/preflight.ts'
import { reconcile } from '../../cli/reconcile.ts'
import { secrets } from '../../cli/secrets.ts'
import { simulate } from '../../cli/simulate.ts'
import { tokens } from '../../cli/tokens.ts'
import { foundIn, plantSecret } from '../secrecy/planted.ts'

const planted = { admin: plantSecret('admin'), key: plantSecret('key') }
const folder = mkdtempSync(path.join(os.tmpdir(), 'postern-secrecy-'))
const file = (name: string, text: string) => {
  const where = path.join(folder, name)
  writeFileSync(where, text)
  return where
}
const exported = { name: 'demo', adapter: 'desk', settings: {}, secretNames: ['key'] }
const from = file('demo.json', JSON.stringify({ format: 'postern.connection/1', ...exported }))
const secretFile = file('secrets.json', JSON.stringify({ key: planted.key }))
const broken = file('broken.json', `{"key":"${planted.key}" ${planted.key}`)
const csv = file('ids.csv', 'id,nativeId\n1,2\n')
const users = file('users.csv', 'userPrincipalName,mail\na@example.com,a@example.com\n')

const COMMANDS: Readonly<Record<string, Command>> = {
  ...{ access, administrators, alerts, audit, clients, connections, doctor, findings },
  ...{ links, manifests, mapping, people, preflight, reconcile, secrets, simulate, tokens },
}

/** Each comes so far as to ask the gateway. */
const CASES: readonly (readonly [Command, string])[] = [
  [access, 'demo'],
  [administrators, 'list'],
  [administrators, 'new ann@example.com --role owner'],
  [alerts, 'list demo'],
  [alerts, `put ops --connection demo --slack https://hooks.example.com/${planted.key}`],
  [audit, 'demo'],
  [clients, 'list demo'],
  [clients, 'new demo'],
  [connections, ''],
  [connections, 'demo --mode gate'],
  [connections, 'export demo'],
  [connections, `import ${from} --secrets ${secretFile}`],
  [doctor, ''],
  [findings, 'demo'],
  [links, `import demo ${csv}`],
  [links, 'export demo'],
  [manifests, 'list'],
  [manifests, 'show desk'],
  [mapping, 'try demo --native-id 1'],
  [people, 'leavers demo'],
  [people, 'erase demo 1'],
  [preflight, `demo ${users}`],
  [reconcile, 'demo'],
  [secrets, 'status'],
  [simulate, '--connection demo'],
  [tokens, 'list demo'],
  [tokens, 'new demo'],
]

/** In the words of something in front of the gateway, which repeats what it got. */
const answers = {
  'a page of something in between': 502,
  'JSON of something in between': 500,
  'a problem of the gateway': 401,
  nothing: 0,
} as const

let mode: keyof typeof answers = 'nothing'
let asked = 0
const server = createServer((request, response) => {
  asked += 1
  const body: Buffer[] = []
  request.on('data', (chunk: Buffer) => body.push(chunk))
  request.on('end', () => {
    const quoted = `${JSON.stringify(request.rawHeaders)} ${Buffer.concat(body).toString()}`
    if (mode === 'nothing') return void request.socket.destroy()
    const isOurs = mode === 'a problem of the gateway'
    const type = mode.startsWith('JSON') ? 'application/json' : 'text/html'
    response.writeHead(answers[mode], {
      'content-type': isOurs ? 'application/problem+json' : type,
    })
    const problem = { title: 'The admin token is missing or wrong', status: 401 }
    if (isOurs) response.end(JSON.stringify(problem))
    else response.end(type === 'text/html' ? `<p>${quoted}</p>` : JSON.stringify({ quoted }))
  })
})
let url = ''

beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

/** All that it prints, and what it ends with, as `postern` prints that. */
async function outputOf(command: Command, args: readonly string[]): Promise<string> {
  const said: string[] = []
  const note = (...what: unknown[]) => {
    said.push(what.map((one) => (one instanceof Error ? inspect(one) : String(one))).join(' '))
    return true
  }
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(note),
    vi.spyOn(process.stderr, 'write').mockImplementation(note),
    vi.spyOn(console, 'log').mockImplementation(note),
    vi.spyOn(console, 'error').mockImplementation(note),
  ]
  try {
    await command.run([...args, '--url', url, '--admin-token', planted.admin])
  } catch (error) {
    note(error instanceof CommandError ? `${error.message} ${error.advice}` : error)
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  return said.join('\n')
}

const argsOf = (text: string) => text.split(' ').filter((one) => one !== '')
const titleOf = (command: Command, text: string) => {
  const [name] = Object.entries(COMMANDS).find(([, one]) => one === command) ?? []
  return `${name} ${text}`.replaceAll(planted.key, '*').replaceAll(folder, '')
}

describe.each(Object.keys(answers) as (keyof typeof answers)[])('where the answer is %s', (how) => {
  test.each(CASES.map(([command, text]) => [titleOf(command, text), command, text] as const))(
    '%s prints no secret',
    async (_, command, text) => {
      mode = how
      asked = 0
      const output = await outputOf(command, argsOf(text))
      expect(foundIn(output, planted)).toEqual([])
      expect(output).not.toBe('')
      // It has come so far as to be answered, so there was something to repeat.
      expect(asked).toBeGreaterThan(0)
    },
  )
})

const FILES: readonly (readonly [Command, string])[] = [
  [connections, `import ${from} --secrets ${broken}`],
  [connections, `import ${broken}`],
  [manifests, `put ${broken}`],
  [manifests, `check ${broken}`],
  [mapping, `try demo --file ${broken} --native-id 1`],
  [clients, `trust demo ${broken}`],
  [links, `import demo ${broken}`],
  [preflight, `demo ${broken}`],
]

test.each(FILES.map(([command, text]) => [titleOf(command, text), command, text] as const))(
  '%s: a file that cannot be read is not quoted',
  async (_, command, text) => {
    mode = 'nothing'
    const output = await outputOf(command, argsOf(text))
    expect(foundIn(output, planted)).toEqual([])
    expect(output).not.toBe('')
  },
)
