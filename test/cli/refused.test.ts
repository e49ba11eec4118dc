/** What a command says where the gateway refuses: what was wrong, and who mends it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findings } from '../../cli/findings.ts'
import { adminApi } from '../../cli/simulate/target.ts'
import { FINDING_KINDS } from '../../src/db/findings.ts'

const INVALID = {
  detail: 'The request is not valid: see errors',
  errors: [{ path: 'role', message: 'must be one of auditor, operator, owner' }],
}
const server = createServer((request, response) => {
  const status = Number(request.url?.split('/').at(-1))
  response.writeHead(status, { 'content-type': 'application/problem+json' })
  response.end(JSON.stringify(status === 422 ? INVALID : { title: 'Refused' }))
})
beforeAll(() => new Promise<void>((up) => void server.listen(0, '127.0.0.1', up)))
afterAll(() => void server.close())

const refusal = (status: number) => {
  const { port } = server.address() as AddressInfo
  return adminApi(`http://127.0.0.1:${port}`, 'token')('GET', `/${status}`, 'do it')
}

test.each([
  [404, 'check the name or id that was given, and --url'],
  [409, 'correct what it names, and run the command again'],
  [422, 'correct what it names, and run the command again'],
  [500, 'see the log of the gateway'],
])('%i sends whoever asked to where it is mended', async (status, advice) => {
  await expect(refusal(status)).rejects.toMatchObject({ advice })
})

test('names what is not valid, and leads to no list that is not printed', async () => {
  await expect(refusal(422)).rejects.toThrow(
    /: 422, The request is not valid; role must be one of auditor, operator, owner$/,
  )
})

test('the help of findings names every kind there is', () => {
  for (const kind of FINDING_KINDS) expect(findings.help).toContain(kind)
})
