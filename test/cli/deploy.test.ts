/** `npm run deploy` against a wrangler that writes down what it is told, and an account that is a file. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const PROJECT = path.resolve(import.meta.dirname, '../..')
const ID = '6f1b3c4e-9f0a-4f0e-8f6e-0a1b2c3d4e5f'

const WRANGLER = `#!${process.execPath}
const fs = require('node:fs')
const dir = ${'__dirname'}
const words = process.argv.slice(2)
const at = words.indexOf('--config')
const said = words.slice(0, at).join(' ')
fs.appendFileSync(dir + '/calls', said + '\\n')
const has = (name) => fs.existsSync(dir + '/' + name)
if (has('fails') && said.startsWith(fs.readFileSync(dir + '/fails', 'utf8'))) process.exit(1)
if (said === 'd1 list --json') console.log(JSON.stringify([...(has('db') ? [{ name: 'postern', uuid: '${ID}' }] : []), ...(has('db-2') ? [{ name: 'postern-2', uuid: '2${ID.slice(1)}' }] : [])]))
if (said === 'd1 create postern') fs.writeFileSync(dir + '/db', '')
if (said === 'd1 create postern-2') fs.writeFileSync(dir + '/db-2', '')
if (said === 'secret list --format json') console.log(has('secrets') ? JSON.stringify(Object.keys(JSON.parse(fs.readFileSync(dir + '/secrets', 'utf8'))).map((name) => ({ name }))) : '[]')
if (said === 'secret bulk') fs.writeFileSync(dir + '/secrets', fs.readFileSync(0))
`

let folder: string
let server: http.Server
let origin: string

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'postern-test-'))
  writeFileSync(path.join(folder, 'wrangler'), WRANGLER)
  chmodSync(path.join(folder, 'wrangler'), 0o755)
  writeFileSync(path.join(folder, 'wrangler.toml'), readFileSync(`${PROJECT}/wrangler.toml`))
  server = http.createServer((_, response) => response.end('{"status":"ok"}'))
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  origin = `http://127.0.0.1:${address.port}`
})
afterEach(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

async function deploy(...args: string[]) {
  const config = path.join(folder, 'wrangler.toml')
  const child = spawn(process.execPath, ['cli/deploy.ts', '--config', config, ...args], {
    cwd: PROJECT,
    env: { ...process.env, PATH: `${folder}${path.delimiter}${process.env['PATH'] ?? ''}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, output }
}

const file = (name: string) => readFileSync(path.join(folder, name), 'utf8')
const calls = () => file('calls').trim().split('\n')

test('an empty account gets all it needs, migrations before the code, and the token is shown', async () => {
  const { code, output } = await deploy('--base-url', origin)
  expect(output).toContain('answers')
  expect(code).toBe(0)
  expect(calls()).toEqual([
    'd1 list --json',
    'd1 create postern',
    'd1 list --json',
    'd1 migrations apply DB --remote',
    'deploy',
    'secret list --format json',
    'secret bulk',
  ])
  expect(file('wrangler.toml')).toContain(`database_id = "${ID}"`)
  expect(file('wrangler.toml')).toContain(`BASE_URL = "${origin}"`)
  const secrets = JSON.parse(file('secrets'))
  expect(Buffer.from(secrets.POSTERN_SEALING_KEY, 'base64')).toHaveLength(32)
  expect(output).toContain(secrets.POSTERN_ADMIN_TOKEN)
  expect(output).not.toContain(secrets.POSTERN_SEALING_KEY)
})

test('a second run upgrades: nothing is made anew, and no secret is replaced', async () => {
  await deploy('--base-url', origin)
  const before = file('secrets')
  writeFileSync(path.join(folder, 'calls'), '')
  const { code, output } = await deploy()
  expect(code).toBe(0)
  expect(calls()).toEqual([
    'd1 migrations apply DB --remote',
    'deploy',
    'secret list --format json',
  ])
  expect(file('secrets')).toBe(before)
  expect(output).not.toContain('shown this once')
})

test('where a migration fails no code is deployed, and the next run goes on', async () => {
  writeFileSync(path.join(folder, 'fails'), 'd1 migrations')
  expect(await deploy('--base-url', origin)).toMatchObject({ code: 1 })
  expect(calls()).not.toContain('deploy')
  rmSync(path.join(folder, 'fails'))
  expect(await deploy()).toMatchObject({ code: 0 })
  expect(calls().filter((call) => call === 'd1 create postern')).toHaveLength(1)
})

test('an address that is no https origin is wrong usage, and nothing is done', async () => {
  expect(await deploy('--base-url', 'http://scim.example.com')).toMatchObject({ code: 2 })
  expect(await deploy('--base-url', 'https://scim.example.com/scim')).toMatchObject({ code: 2 })
})

test('every database of wrangler.toml is made, and gets the migrations before the code', async () => {
  const config = path.join(folder, 'wrangler.toml')
  const more = `
[[d1_databases]]
binding = "DB_2"
database_name = "postern-2"
database_id = "00000000-0000-0000-0000-000000000000"
migrations_dir = "migrations"

[[d1_databases]]
binding = "OTHERS"
database_name = "others"
database_id = "of somebody else"
`
  writeFileSync(config, file('wrangler.toml') + more)
  expect(await deploy('--base-url', origin)).toMatchObject({ code: 0 })
  expect(calls().slice(0, -3)).toEqual([
    'd1 list --json',
    'd1 create postern',
    'd1 list --json',
    'd1 list --json',
    'd1 create postern-2',
    'd1 list --json',
    'd1 migrations apply DB --remote',
    'd1 migrations apply DB_2 --remote',
  ])
  const ids = [...file('wrangler.toml').matchAll(/^database_id = "(.*)"$/gm)].map(([, id]) => id)
  expect(ids).toEqual([ID, `2${ID.slice(1)}`, 'of somebody else'])
})
