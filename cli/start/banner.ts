import type { Ready } from './state.ts'

export interface BannerOptions {
  readonly ready: Ready
  /** Someone that the app already holds; undefined where it holds nobody. */
  readonly knownUserName: string | undefined
  readonly adapter: string
  readonly stateFolder: string
  readonly millisecondsToReady: number
}

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/** What runs where, and what to paste to see it work. */
export function banner(options: BannerOptions): string {
  const { ready, knownUserName, adapter, stateFolder, millisecondsToReady } = options
  const authorization = `-H ${quote(`Authorization: Bearer ${ready.token}`)}`
  const newUserName = 'edda.moss@example.com'
  const person = {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: newUserName,
    name: { givenName: 'Edda', familyName: 'Moss' },
    displayName: 'Edda Moss',
    emails: [{ value: newUserName, type: 'work', primary: true }],
    active: true,
  }
  const filter = encodeURIComponent(`userName eq "${knownUserName ?? newUserName}"`)
  const match = `curl -s ${authorization} ${quote(`${ready.scimBaseUrl}/Users?filter=${filter}`)}`
  const create = `curl -s ${authorization} -H 'Content-Type: application/scim+json' -d ${quote(JSON.stringify(person))} ${quote(`${ready.scimBaseUrl}/Users`)}`
  const list = `curl -s ${authorization} ${quote(`${ready.scimBaseUrl}/Users?count=5`)}`
  const app = ready.appUrl
    ? `${ready.appUrl}  (the example app, pid ${ready.appPid}, X-Desk-Key: ${ready.appKey})`
    : 'none: people are kept in the gateway'
  return `
Postern is ready, ${(millisecondsToReady / 1000).toFixed(1)} s after its start.

  gateway     ${ready.scimBaseUrl}  (pid ${ready.gatewayPid})
  connection  demo, adapter ${adapter}
  app         ${app}
  admin API   ${ready.consoleUrl}/api  (admin token ${ready.adminToken})
  state       ${stateFolder}

Find someone${knownUserName ? ' the app already holds' : ''}:
${match}

Create someone:
${create}

List people:
${list}

Ctrl-C ends it all. The same for programs, in one line:`
}
