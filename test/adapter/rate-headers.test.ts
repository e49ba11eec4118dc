import { describe, expect, test } from 'vitest'
import {
  isThrottled,
  isUsedUp,
  pauseMs,
  retryAfterSeconds,
} from '../../src/adapter/rate-headers.ts'

const NOW_MS = Date.UTC(2026, 10, 22, 12, 0, 0)
const NOW = NOW_MS / 1000

type Given = Readonly<Record<string, string>>

describe('when calls are taken again', () => {
  test.each<[Given, number | undefined]>([
    [{ 'Retry-After': '7' }, 7],
    [{ 'Retry-After': '2.0' }, 2],
    [{ 'Retry-After': 'Sun, 22 Nov 2026 12:00:30 GMT' }, 30],
    [{ 'Retry-After': 'Sunday, 22-Nov-26 12:00:30 GMT' }, 30],
    [{ 'Retry-After': 'Sun Nov 22 12:00:30 2026 GMT' }, 30],
    [{ 'Retry-After': 'Sun, 22 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'Retry-After': '99999999' }, 86_400],
    [{ 'Retry-After': '-5' }, undefined],
    [{ 'X-Retry-After': '8' }, 8],
    [{ 'Retry-After-Ms': '1500' }, 2],
    [{ 'Retry-After-Ms': '250', 'Retry-After': '1' }, 1],
    [{ 'X-Ms-Retry-After-Ms': '4000', 'Retry-After': '60' }, 4],
    [{ 'X-Rate-Limit-Retry-After-Seconds': '6' }, 6],
    [{ 'RateLimit-Reset': '12' }, 12],
    [{ 'RateLimit-Reset': '2026-11-22T12:01:00Z' }, 60],
    [{ 'X-RateLimit-Reset': String(NOW + 45) }, 45],
    [{ 'X-RateLimit-Reset': String(NOW_MS + 1500) }, 2],
    [{ 'Retry-After': '3', 'RateLimit-Reset': '50' }, 3],
    [{ 'Retry-After': 'soon', 'RateLimit-Reset': '50' }, 50],
    // The structured field of the draft, and the one quota of its drafts before 08.
    [{ RateLimit: '"default";r=0;t=30' }, 30],
    [{ RateLimit: '"minute";r=0;t=12, "hour";r=0;t=1200' }, 1200],
    [{ RateLimit: '"minute";r=3;t=12, "hour";r=0;t=1200' }, 1200],
    [{ RateLimit: '"a, b; r=0";r=3;t=12' }, 12],
    [{ RateLimit: 'limit=100, remaining=0, reset=5' }, 5],
    [{ RateLimit: '"m";r=0', 'RateLimit-Policy': '"h";q=9;w=3600, "m";q=100;w=60' }, 60],
    [{ 'Retry-After': '2', RateLimit: '"default";r=0;t=30' }, 2],
    // GitHub and Okta, GitLab, Atlassian, Discord, Mattermost, HubSpot, Zendesk.
    [{ 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': String(NOW + 900) }, 900],
    [{ 'X-Rate-Limit-Remaining': '0', 'X-Rate-Limit-Reset': String(NOW + 20) }, 20],
    [{ 'RateLimit-ResetTime': 'Sun, 22 Nov 2026 12:01:10 GMT' }, 70],
    [{ 'X-RateLimit-Reset': '2026-11-22T12:00:05.500Z' }, 6],
    [{ 'X-RateLimit-Reset': String(NOW + 99), 'X-RateLimit-Reset-After': '1.2' }, 2],
    [{ 'X-Ratelimit-Reset': '1' }, 1],
    [{ 'X-HubSpot-RateLimit-Interval-Milliseconds': '10000' }, 10],
    [{ 'Zendesk-RateLimit-Users': 'total=100; remaining=0; resets=41' }, 41],
    [{}, undefined],
  ])('%j is a wait of %s s', (headers, seconds) => {
    expect(retryAfterSeconds(new Headers(headers), NOW_MS)).toBe(seconds)
  })

  test('a date counts from the Date of the same answer, so that two clocks may differ', () => {
    const said = 'Sun, 22 Nov 2026 13:00:00 GMT'
    const wait = (more: Given) => retryAfterSeconds(new Headers({ Date: said, ...more }), NOW_MS)
    expect(wait({ 'Retry-After': 'Sun, 22 Nov 2026 13:00:10 GMT' })).toBe(10)
    expect(wait({ 'X-RateLimit-Reset': String(NOW + 3600 + 15) })).toBe(15)
    expect(wait({ 'X-RateLimit-Reset': '2026-11-22T13:00:20Z' })).toBe(20)
    expect(wait({ 'Retry-After': '5' })).toBe(5)
    expect(wait({ Date: 'yesterday', 'X-RateLimit-Reset': String(NOW + 9) })).toBe(9)
  })

  test('a header of the adapter’s own is believed first', () => {
    const headers = new Headers({ 'X-Quota-Again': '33', 'Retry-After': '3' })
    expect(retryAfterSeconds(headers, NOW_MS, 'X-Quota-Again')).toBe(33)
  })
})

describe('what an answer says of later calls', () => {
  test.each<[Given, boolean]>([
    [{ 'RateLimit-Remaining': '0' }, true],
    [{ 'X-RateLimit-Remaining': '0' }, true],
    [{ 'X-Rate-Limit-Remaining': '0.0' }, true],
    [{ RateLimit: '"default";r=0;t=30' }, true],
    [{ 'Beta-RateLimit': '"default";r=0;t=30' }, true],
    [{ RateLimit: 'limit=100, remaining=0, reset=5' }, true],
    [{ 'Zendesk-RateLimit-Users': 'total=100; remaining=0; resets=41' }, true],
    [{ 'X-RateLimit-Remaining': '10' }, false],
    [{ RateLimit: '"default";r=10;t=30' }, false],
    [{ 'RateLimit-Remaining': 'none' }, false],
    [{}, false],
  ])('%j: used up is %s', (headers, expected) => {
    expect(isUsedUp(new Headers(headers))).toBe(expected)
  })

  test.each<[number, Given, boolean]>([
    [429, {}, true],
    [403, {}, false],
    [403, { 'X-RateLimit-Remaining': '0' }, true],
    [403, { 'X-RateLimit-Remaining': '17' }, false],
    [403, { 'Retry-After': '60' }, true],
    [403, { 'X-Quota': '0' }, true],
    [401, { 'X-RateLimit-Remaining': '0' }, false],
    [503, { 'Retry-After': '60' }, false],
  ])('%i with %j: too many calls is %s', (status, headers, expected) => {
    expect(isThrottled(status, new Headers(headers), { remainingHeader: 'X-Quota' })).toBe(expected)
  })

  test.each<[string, number, Given, number | undefined]>([
    ['a 429 without a time is a short pause', 429, {}, 1_000],
    ['a 429 pauses for as long as it says', 429, { 'Retry-After': '7' }, 7_000],
    ['no longer than an hour', 429, { 'Retry-After': '80000' }, 3_600_000],
    ['the last call of a quota', 200, { RateLimit: '"d";r=0;t=3' }, 3_000],
    ['a used quota that names no time', 200, { 'X-RateLimit-Remaining': '0' }, undefined],
    ['calls are left', 200, { RateLimit: '"d";r=1;t=3' }, undefined],
    ['an app that is not well', 503, { 'Retry-After': '7', RateLimit: '"d";r=0;t=3' }, undefined],
    ['a right that is missing', 403, { 'X-RateLimit-Remaining': '5' }, undefined],
    ['no header at all', 200, {}, undefined],
  ])('%s: %i %j pauses for %s ms', (_, status, headers, expected) => {
    expect(pauseMs(status, new Headers(headers), NOW_MS)).toBe(expected)
  })
})
