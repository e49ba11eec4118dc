/** Recordings of an app with a session: what a login needs comes through, what is secret stays out. */
import { expect, test } from 'vitest'
import { createPlayer, createRecorder } from '../../../src/adapter/kit/tape.ts'

const ORIGIN = 'https://wiki.test'
const login = (password: string, retype = password): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({ user: 'gate', lgpassword: password, retype }).toString(),
})

async function recordedLogin() {
  const recorder = createRecorder(ORIGIN)
  recorder.begin('login')
  const headers = new Headers([
    ['set-cookie', 'session=s3cret-a; Path=/; HttpOnly'],
    ['set-cookie', 'user=s3cret-b; Expires=Sat, 22 May 2027 06:45:59 GMT'],
  ])
  const fetch = recorder.record(async () => new Response('{}', { headers }))
  return { answer: await fetch(`${ORIGIN}/login`, login('pa ss&1')), tapes: recorder.tapes() }
}

test('an app that is recorded is signed in to: its cookies reach the adapter', async () => {
  const { answer } = await recordedLogin()
  expect(answer.headers.getSetCookie()).toHaveLength(2)
})

test('no value of a cookie or of a secret in a form is kept, under whatever name it stands', async () => {
  const text = JSON.stringify([...(await recordedLogin()).tapes])
  expect(text).toContain('user=gate')
  for (const secret of ['s3cret', 'pa+ss', 'pa ss']) expect(text).not.toContain(secret)
})

test('a replay answers another secret as it answered the first, with cookies of the same names', async () => {
  const player = createPlayer((await recordedLogin()).tapes)
  player.begin('login')
  const answer = await player.fetch('https://app.example/login', login('other'))
  const names = answer.headers.getSetCookie().map((line) => line.split('=')[0])
  expect(names).toEqual(['session', 'user'])
})
