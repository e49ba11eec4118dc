/** Runs a recorded case on a fresh sandbox connection of this worker. */
import { exports } from 'cloudflare:workers'
import type { JsonObject } from '../../src/scim/schema.ts'
import { connect } from '../support/gateway.ts'
import { type Case, runCase } from './run-case.ts'

export async function replay(recorded: Case, options: object): Promise<string[]> {
  const scim = await connect(options as JsonObject)
  return runCase(recorded, {
    baseUrl: scim.baseUrl,
    token: scim.token,
    badToken: await strangersToken(recorded),
    fetch: (url, init) => exports.default.fetch(url, init),
  })
}

/** Of another connection, where the case has a use for it. */
export async function strangersToken(recorded: Case): Promise<string> {
  return JSON.stringify(recorded).includes('{{badToken}}') ? (await connect()).token : ''
}

/** A case holds in the profile that it names; `any` in both. */
export function inProfile(cases: readonly Case[], profile: 'tolerant' | 'strict'): Case[] {
  const other = profile === 'strict' ? 'entra' : 'strict'
  return cases.filter((c) => c.profile !== other)
}
