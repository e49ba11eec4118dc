/**
 * An app that says "no such object" may have lost its rights, its data or its base URL, and then says
 * so of everybody. It is believed of one account after a second, later read, and only while it still
 * shows somebody else (a control read).
 */
import type { NativeObject } from '../adapter/contract.ts'
import type { Link } from '../db/link.ts'
import { ScimError } from '../scim/error.ts'
import type { Endpoint } from './endpoint.ts'
import { reportFailing, reportMissing } from './findings.ts'

/** Between the two reads of one request. */
const SECOND_READ_MS = 1_000
/** Between the two requests after which a link counts as missing. */
const MISSING_AFTER_MS = 10 * 60_000
/** Accounts that a control read asks for before it gives up: people do leave. */
const CONTROLS = 3

/**
 * After a read that found nothing: the account, where it is there after all; undefined, where the app
 * is to be believed.
 *
 * @throws {ScimError} 503 where the app shows nobody else either
 */
export async function readAgain(endpoint: Endpoint, link: Link): Promise<NativeObject | undefined> {
  const { port, io, links } = endpoint
  // A scan or an earlier request has confirmed it.
  if (link.state === 'missing' || link.nativeId === undefined) return undefined
  await io.wait(SECOND_READ_MS)
  const object = await port.get(link.nativeId)
  if (object) return object
  await controlRead(endpoint, link)
  const now = io.now()
  if ((await links.miss(link, now, now - MISSING_AFTER_MS)) === 'missing') {
    await reportMissing(endpoint, link)
  }
  return undefined
}

/** @throws {ScimError} 503 where the app does not show accounts that it has shown before */
export async function controlRead(endpoint: Endpoint, link: Link): Promise<void> {
  const { port, links } = endpoint
  const others = await links.others(link, CONTROLS)
  for (const nativeId of others) if (await port.get(nativeId)) return
  // Nobody else is linked: at least the app must be able to show its list.
  if (others.length === 0) {
    await port.list({ pageSize: 1 })
    return
  }
  await reportFailing(endpoint, 'control-read')
  throw new ScimError(
    503,
    'The app says that it does not have this resource, nor others that it had before, and is not ' +
      'believed. An administrator of this connection must check its base URL and credentials.',
    { retryAfterSeconds: 300 },
  )
}
