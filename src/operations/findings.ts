/** What a person should look at, as the operations meet it. Native ids and our own, never values. */
import type { Link } from '../db/link.ts'
import type { Reasoned } from '../identity/decide.ts'
import type { Endpoint } from './endpoint.ts'

/**
 * Accounts that may stand for one person, each with the reasons why it was not linked (design
 * decision 4: on a guess, none is). Resolves to the id of the finding.
 */
export async function reportAmbiguous(
  { findings, io, definition }: Endpoint,
  found: readonly Reasoned[],
): Promise<string> {
  const type = definition.type.name
  const candidates = found
    .map(({ candidate: { nativeId, hits }, reasons }) => ({
      nativeId,
      rules: [...new Set(hits.map(({ rule }) => rule))],
      reasons,
    }))
    .sort((a, b) => (a.nativeId < b.nativeId ? -1 : 1))
  const nativeIds = candidates.map(({ nativeId }) => nativeId)
  const subject = `${type}:${nativeIds.join(',')}`
  const detail = { type, nativeIds, candidates }
  return findings.report(io.newId(), 'ambiguous', subject, detail, io.now())
}

/** The app gave the native id of a link to another object. */
export async function reportReuse({ findings, io }: Endpoint, link: Link): Promise<void> {
  const subject = `${link.type}:${link.id}`
  const detail = { type: link.type, nativeId: link.nativeId ?? '' }
  await findings.report(io.newId(), 'id-reuse', subject, detail, io.now())
}

/** A link whose account the app no longer shows, by two requests some time apart. */
export async function reportMissing({ findings, io }: Endpoint, link: Link): Promise<void> {
  const detail = { type: link.type, nativeId: link.nativeId ?? '', link: link.id }
  await findings.report(io.newId(), 'missing', `${link.type}:${link.id}`, detail, io.now())
}

/** The client is rid of a person whose account the app keeps. `reason`: a failure's code, or ours. */
export async function reportNotRemoved(
  { findings, io }: Endpoint,
  link: Link,
  reason: string,
): Promise<void> {
  const detail = { type: link.type, nativeId: link.nativeId ?? '', link: link.id, reason }
  await findings.report(io.newId(), 'not-removed', `${link.type}:${link.id}`, detail, io.now())
}

/** The app behaves as if it were another one, or half there. */
export async function reportFailing(
  { findings, io, definition }: Endpoint,
  reason: string,
): Promise<void> {
  const type = definition.type.name
  await findings.report(io.newId(), 'app-failing', type, { type, reason }, io.now())
}

/** A write to a protected account was refused. */
export async function reportProtected({ findings, io }: Endpoint, link: Link): Promise<void> {
  const subject = `${link.type}:${link.id}`
  const detail = { type: link.type, nativeId: link.nativeId ?? '' }
  await findings.report(io.newId(), 'protected', subject, detail, io.now())
}

/** A client names a member that was deleted here: its view of the group is behind. */
export async function reportDeletedMembers(
  { findings, io }: Endpoint,
  group: string,
  members: readonly string[],
): Promise<void> {
  await findings.report(io.newId(), 'deleted-member', `Group:${group}`, { members }, io.now())
}
