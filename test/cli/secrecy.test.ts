/** No command prints the token or a secret that it was given, whatever the gateway answers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { CommandError } from '../../cli/command.ts'
import { COMMANDS } from '../../cli/commands.ts'
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

/** By command: each comes so far as to ask the gateway. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  access: ['demo'],
  administrators: ['list', 'new ann@example.com --role owner'],
  alerts: [
    'list demo',
    `put ops --connection demo --slack https://hooks.example.com/${planted.key}`,
  ],
  audit: ['demo'],
  clients: ['list demo', 'new demo'],
  connections: ['', 'demo --mode gate', 'export demo', `import ${from} --secrets ${secretFile}`],
  doctor: [''],
  findings: ['demo'],
  links: [`import demo ${csv}`, 'export demo'],
  manifests: ['list', 'show desk'],
  mapping: ['try demo --native-id 1'],
  people: ['leavers demo', 'erase demo 1'],
  preflight: [`demo ${users}`],
  reconcile: ['demo'],
  secrets: ['status'],
  simulate: ['--connection demo'],
  tokens: ['list demo', 'new demo'],
}

/** They ask no gateway. */
const ALONE = ['adapter', 'completion']

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
async function outputOf(name: string, args: readonly string[]): Promise<string> {
  const command = await COMMANDS[name]?.()
  if (!command) throw new Error(`there is no command ${name}`)
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
const titleOf = (name: string, text: string) =>
  `${name} ${text}`.replaceAll(planted.key, '*').replaceAll(folder, '')
const casesOf = (cases: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(cases).flatMap(([name, texts]) =>
    texts.map((text) => [titleOf(name, text), name, text] as const),
  )

test('every command is tried that asks a gateway', () => {
  expect([...Object.keys(CASES), ...ALONE].sort()).toEqual(Object.keys(COMMANDS).sort())
})

describe.each(Object.keys(answers) as (keyof typeof answers)[])('where the answer is %s', (how) => {
  test.each(casesOf(CASES))('%s prints no secret', async (_, name, text) => {
    mode = how
    asked = 0
    const output = await outputOf(name, argsOf(text))
    expect(foundIn(output, planted)).toEqual([])
    expect(output).not.toBe('')
    // It has come so far as to be answered, so there was something to repeat.
    expect(asked).toBeGreaterThan(0)
  })
})

const FILES: Readonly<Record<string, readonly string[]>> = {
  connections: [`import ${from} --secrets ${broken}`, `import ${broken}`],
  manifests: [`put ${broken}`, `check ${broken}`],
  mapping: [`try demo --file ${broken} --native-id 1`],
  clients: [`trust demo ${broken}`],
  links: [`import demo ${broken}`],
  preflight: [`demo ${broken}`],
}

test.each(casesOf(FILES))('%s: a file that cannot be read is not quoted', async (_, name, text) => {
  mode = 'nothing'
  const output = await outputOf(name, argsOf(text))
  expect(foundIn(output, planted)).toEqual([])
  expect(output).not.toBe('')
})
