/** The admin API of one isolate, as scans are driven by it. */
import type { JsonObject } from '../../src/scim/schema.ts'
import { type AdminCall, adminApi } from './admin-api.ts'
import { connect, type Scim } from './gateway.ts'
import type { Isolate } from './isolate.ts'
import { DESK_KEY, DESK_URL } from './open-desk.ts'

/** A connection to the example app. */
export function deskConnection(options: JsonObject = {}): Promise<Scim> {
  const settings = { url: DESK_URL }
  return connect({ adapter: 'example', settings, secrets: { apiKey: DESK_KEY }, ...options })
}

/** Calls below `/connections/{name}`. */
export function adminOf(isolate: Isolate, { name }: { readonly name: string }): AdminCall {
  return adminApi(isolate, `/connections/${name}`)
}

/** Begins a scan and drives it to its end; answers with its report. */
export async function reconcile(call: AdminCall, options: JsonObject = {}) {
  const begun = await call('POST', '/reconcile', options)
  if (begun.status !== 202) throw new Error(JSON.stringify(begun.body))
  return driveToEnd(call, begun.body.id)
}

export async function driveToEnd(call: AdminCall, id: string) {
  for (let bursts = 0; bursts < 200; bursts++) {
    const { status, body } = await call('POST', `/reconcile/${id}/advance`)
    if (status !== 200) throw new Error(JSON.stringify(body))
    if (body.state !== 'running') return (await call('GET', `/reconcile/${id}`)).body
  }
  throw new Error('the scan does not end')
}
