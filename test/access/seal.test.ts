import { Buffer } from 'node:buffer'
import { describe, expect, test } from 'vitest'
import { SealError, Sealing } from '../../src/access/seal.ts'

const KEY = Buffer.alloc(32, 7).toString('base64')
const OTHER_KEY = Buffer.alloc(32, 8).toString('base64')
const PLACE = { connectionId: 'one', name: 'apiKey' }

async function errorOf(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  )
  if (!(error instanceof SealError)) throw new Error('expected a SealError')
  return error
}

describe('sealing', () => {
  test('what was sealed for a row opens for that row', async () => {
    const sealed = await new Sealing(KEY).seal('s3cret é', PLACE)
    expect(await new Sealing(KEY).open(sealed, PLACE)).toBe('s3cret é')
  })

  test.each([
    ['another connection', { connectionId: 'two', name: 'apiKey' }],
    ['another secret', { connectionId: 'one', name: 'password' }],
    ['a row whose names only join to the same text', { connectionId: 'onea', name: 'piKey' }],
  ])('a ciphertext copied to %s does not open', async (_, place) => {
    const sealing = new Sealing(KEY)
    const sealed = await sealing.seal('s3cret', PLACE)
    expect((await errorOf(sealing.open(sealed, place))).message).not.toContain('s3cret')
  })

  test('one changed bit anywhere is noticed', async () => {
    const sealing = new Sealing(KEY)
    const sealed = await sealing.seal('s', PLACE)
    const bytes = Buffer.from(sealed.sealed, 'base64url')
    for (let i = 0; i < bytes.length; i++) {
      const altered = Buffer.from(bytes)
      altered[i] = (altered[i] ?? 0) ^ 1
      await errorOf(sealing.open({ ...sealed, sealed: altered.toString('base64url') }, PLACE))
    }
  })

  test('the same value sealed twice looks different', async () => {
    const sealing = new Sealing(KEY)
    const [a, b] = await Promise.all([sealing.seal('s', PLACE), sealing.seal('s', PLACE)])
    expect(a.sealed).not.toBe(b.sealed)
    expect(a.keyId).toBe(b.keyId)
  })

  test('another key is named as such, before anything is tried', async () => {
    const sealed = await new Sealing(KEY).seal('s', PLACE)
    const { message } = await errorOf(new Sealing(OTHER_KEY).open(sealed, PLACE))
    expect(message).toContain(sealed.keyId)
    expect(message).not.toContain(KEY)
    expect(message).not.toContain(OTHER_KEY)
  })

  test.each([
    ['missing', undefined, 'not set'],
    ['empty', '', 'not set'],
    ['too short', 'c2hvcnQ=', '32 bytes'],
  ])('a %s key is an error that says what to set', async (_, key, words) => {
    const { message } = await errorOf(new Sealing(key).seal('s', PLACE))
    expect(message).toContain('POSTERN_SEALING_KEY')
    expect(message).toContain(words)
    expect(message).not.toContain('c2hvcnQ')
  })
})
