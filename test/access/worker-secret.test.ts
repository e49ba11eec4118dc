/** Secrets of the Worker itself, in its settings or in the Secrets Store. */

import { env } from 'cloudflare:workers'
import { Buffer } from 'node:buffer'
import { describe, expect, test } from 'vitest'
import { SealError, Sealing } from '../../src/access/seal.ts'
import { readsOnce, SecretUnavailable, type WorkerSecret } from '../../src/access/worker-secret.ts'
import { parseEnv } from '../../src/env.ts'
import { adminApi } from '../support/admin-api.ts'
import { openIsolate } from '../support/isolate.ts'

const KEY = Buffer.alloc(32, 7).toString('base64')
const PLACE = { connectionId: 'one', name: 'apiKey' }

/** A binding whose first `failures` answers are errors that quote something. */
function flaky(value: string, failures: number) {
  const state = { asked: 0 }
  const secret: WorkerSecret = {
    get: async () => {
      state.asked += 1
      if (state.asked <= failures) throw new Error(`store says ${value}`)
      return value
    },
  }
  return { state, secret }
}

describe('a secret of the Worker', () => {
  test('may be a text, a binding, or nothing', () => {
    const given = { DB: env.DB, POSTERN_ADMIN_TOKEN: { get: async () => 'x' } }
    expect(parseEnv(given).POSTERN_SEALING_KEY).toBeUndefined()
    expect(() => parseEnv({ ...given, POSTERN_SEALING_KEY: 12_345 })).toThrow(/POSTERN_SEALING_KEY/)
  })

  test('is not read before it is needed, and then once', async () => {
    const { secret, state } = flaky('v', 0)
    const read = readsOnce('X', secret)
    expect(state.asked).toBe(0)
    expect([await read(), await read()]).toEqual(['v', 'v'])
    expect(state.asked).toBe(1)
  })

  test('that cannot be read is an error that names the binding and quotes nothing, and is tried again', async () => {
    const read = readsOnce('POSTERN_ADMIN_TOKEN', flaky('hunter2', 1).secret)
    const error = await read().catch((e: unknown) => e)
    expect(error).toBeInstanceOf(SecretUnavailable)
    expect((error as Error).message).toContain('POSTERN_ADMIN_TOKEN')
    expect(JSON.stringify([(error as Error).message, (error as Error).cause])).not.toContain(
      'hunter2',
    )
    expect(await read()).toBe('hunter2')
  })

  test('that is empty in the store is no gateway without one', async () => {
    await expect(readsOnce('X', { get: async () => ' ' })()).rejects.toBeInstanceOf(
      SecretUnavailable,
    )
    expect(await readsOnce('X', undefined)()).toBe('')
  })

  test('loses the line break that it was pasted with', async () => {
    expect(await readsOnce('X', 'token\n')()).toBe('token')
  })

  test('is read from the Secrets Store itself, by bindings that the schema takes', async () => {
    await env.STORED_SECRET['SecretsStoreSecret::admin_api']().create(KEY)
    const { POSTERN_SEALING_KEY: stored, POSTERN_ADMIN_TOKEN: nowhere } = parseEnv({
      ...env,
      POSTERN_SEALING_KEY: env.STORED_SECRET,
      POSTERN_ADMIN_TOKEN: env.STORED_NOWHERE,
    })
    const sealing = new Sealing({ current: readsOnce('POSTERN_SEALING_KEY', stored) })
    const sealed = await sealing.seal('s', PLACE)
    expect(await new Sealing(KEY).open(sealed, PLACE)).toBe('s')
    await expect(readsOnce('POSTERN_ADMIN_TOKEN', nowhere)()).rejects.toBeInstanceOf(
      SecretUnavailable,
    )
  })
})

describe('a sealing key that cannot be read now', () => {
  test('is said to pass, and does', async () => {
    const sealed = await new Sealing(KEY).seal('s', PLACE)
    const read = readsOnce('POSTERN_SEALING_KEY', flaky(KEY, 1).secret)
    const sealing = new Sealing({ current: read })
    const error = await sealing.open(sealed, PLACE).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(SealError)
    expect(error).toMatchObject({ passes: true })
    expect(await sealing.open(sealed, PLACE)).toBe('s')
  })
})

describe('an admin token in the Secrets Store', () => {
  test('that cannot be read lets nobody in, and is 503: the right bearer was not refused', async () => {
    const { secret } = flaky('the-stored-admin-token', 1)
    const isolate = openIsolate({ now: Date.now() }, () => Promise.reject(new Error('no app')), {
      env: { POSTERN_ADMIN_TOKEN: secret },
    })
    const ask = (token: string) => adminApi(isolate, '', token)('GET', '/connections')
    const first = await ask('the-stored-admin-token')
    expect([first.status, first.body.detail]).toEqual([
      503,
      expect.stringContaining('POSTERN_ADMIN_TOKEN'),
    ])
    expect((await ask('the-stored-admin-token')).status).toBe(200)
    expect((await ask('test-admin-token')).status).toBe(401)
  })
})
