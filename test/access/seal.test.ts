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

  test.each([
    ['too long', `${KEY}AAAA`],
    ['no base64', 'x'.repeat(43).replaceAll('xx', '%%')],
  ])('a key that is %s is refused whole, not cut to fit', async (_, key) => {
    expect((await errorOf(new Sealing(key).seal('s', PLACE))).message).toContain('32 bytes')
  })
})

describe('sealing keys that rotate', () => {
  const THIRD_KEY = Buffer.alloc(32, 9).toString('base64')
  const rotated = (previous: string) => new Sealing({ current: OTHER_KEY, previous })

  test.each([KEY, `${THIRD_KEY},${KEY}`, ` ${KEY}\n${THIRD_KEY}\n`, `${KEY}, ${THIRD_KEY}`])(
    'a former key of the list %j opens what it has sealed',
    async (previous) => {
      const sealed = await new Sealing(KEY).seal('s', PLACE)
      expect(await rotated(previous).open(sealed, PLACE)).toBe('s')
    },
  )

  test('a former key seals nothing', async () => {
    const sealing = rotated(KEY)
    const { current, previous } = await sealing.keyIds()
    expect((await sealing.seal('s', PLACE)).keyId).toBe(current)
    expect(previous).toEqual([(await new Sealing(KEY).seal('s', PLACE)).keyId])
  })

  test('a former key opens no row that is not its own', async () => {
    const sealed = await new Sealing(KEY).seal('s', PLACE)
    await errorOf(rotated(KEY).open(sealed, { ...PLACE, connectionId: 'two' }))
  })

  test('the current key among the former ones is not one of them', async () => {
    expect((await rotated(`${OTHER_KEY} ${KEY}`).keyIds()).previous).toHaveLength(1)
  })

  test('what a lost key has sealed says which setting, which secret, and what to do', async () => {
    const sealed = await new Sealing(THIRD_KEY).seal('s', PLACE)
    const { message } = await errorOf(rotated(KEY).open(sealed, PLACE))
    for (const word of ['"apiKey"', 'POSTERN_SEALING_KEYS_PREVIOUS', 'Enter the secret again']) {
      expect(message).toContain(word)
    }
  })

  test('a list with something else in it is an error that names the setting and quotes nothing', async () => {
    const sealing = rotated(`${KEY},hunter2`)
    const sealed = await new Sealing(KEY).seal('s', PLACE)
    const { message } = await errorOf(sealing.open(sealed, PLACE))
    expect(message).toContain('POSTERN_SEALING_KEYS_PREVIOUS')
    expect(message).not.toContain('hunter2')
    // What the current key has sealed is not concerned.
    expect(await sealing.open(await sealing.seal('t', PLACE), PLACE)).toBe('t')
  })

  test('without a current key a former one opens all the same, and nothing is sealed', async () => {
    const sealing = new Sealing({ current: '', previous: KEY })
    expect(await sealing.open(await new Sealing(KEY).seal('s', PLACE), PLACE)).toBe('s')
    expect((await errorOf(sealing.seal('s', PLACE))).message).toContain('POSTERN_SEALING_KEY')
  })
})
