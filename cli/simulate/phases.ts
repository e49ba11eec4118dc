/** The phases of Entra's initial cycle and of the incremental one after it, in order. */
import { randomUUID } from 'node:crypto'
import {
  asList,
  asObject,
  ENTERPRISE_URN,
  GROUP_URN,
  type JsonObject,
  type MappedValue,
  mapPerson,
  target,
  userBody,
} from './attribute-mapping.ts'
import type { Endpoint, Resource, ScimClient } from './client.ts'
import { differenceOf } from './difference.ts'
import { beforeMove, type Group, type Move, type Person } from './directory.ts'
import { EntryFailure } from './entry-failure.ts'
import { phase, type Run } from './phase.ts'
import type { Entries } from './tally.ts'

const MEMBERS_A_PATCH = 20
/** Somebody waits for the answer to this one. */
const TEST_PATIENCE_MS = 5_000
/** Entra's second schema of a group: an old one of its own. */
const ADSCIM_GROUP = 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'

/** By userPrincipalName: the anchor that Entra caches, with the resource as last seen. */
export type Links = Map<string, Resource>

/** @throws {Stopped} */
export async function runCycle(run: Run): Promise<void> {
  await testConnection(run)
  const links: Links = new Map()
  await matchPeople(run, links)
  await provisionPeople(run, links)
  await setManagers(run, links)
  await provisionGroups(run, links)
  await runIncremental(run, links)
}

/** A query for someone who cannot exist: 200 and an empty list. */
export async function testConnection(run: Run): Promise<void> {
  await phase(run, {
    title: 'connection test',
    items: [randomUUID()],
    nameOf: (guid) => guid,
    isVital: true,
    async work(guid) {
      const found = await run.client.find('Users', 'userName', guid, TEST_PATIENCE_MS)
      if (found.length === 0) return
      throw new EntryFailure('ServiceIncompatible', 200, 'a user with a random name was found')
    },
    outcome: () => 'nobody is found by a random name',
  })
}

/** The one resource that has this value; undefined for none. */
async function match(
  client: ScimClient,
  endpoint: Endpoint,
  attribute: string,
  value: string,
): Promise<Resource | undefined> {
  const found = await client.find(endpoint, attribute, value)
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(', ')
    const detail = `${found.length} resources have ${attribute} "${value}": ${ids}`
    throw new EntryFailure('DuplicateTargetEntries', 200, detail)
  }
  return found[0]
}

export async function matchPeople({ client, directory, ...run }: Run, links: Links): Promise<void> {
  const { people } = run.tally
  await phase(run, {
    title: 'match',
    items: directory.people,
    nameOf: (person) => person.userPrincipalName,
    entries: people,
    async work({ userPrincipalName }) {
      const found = await match(client, 'Users', 'userName', userPrincipalName)
      if (!found) return
      people.matched.add(userPrincipalName)
      links.set(userPrincipalName, found)
    },
    outcome: () => `${people.matched.size} found`,
  })
}

/**
 * What the initial cycle writes of a person. Of one who moves later, an account that exists keeps
 * its job until then: so a second run finds nothing to turn back.
 */
function initialValues(person: Person, move: Move | undefined, isMatched: boolean): MappedValue[] {
  if (!move) return mapPerson(person)
  const before = mapPerson(beforeMove(person, move))
  if (!isMatched) return before
  const after = new Map(mapPerson(person).map(({ target: at, value }) => [at.path, value]))
  return before.filter(({ target: at, value }) => after.get(at.path) === value)
}

async function provisionPeople({ client, directory, dialect, ...run }: Run, links: Links) {
  const { people } = run.tally
  const moves = new Map(directory.moves.map((move) => [move.userPrincipalName, move]))
  const { created } = people
  await phase(run, {
    title: 'create and update',
    // Whoever could not be looked up is left for the next cycle: a create might make a second one.
    items: directory.people.filter((person) => !people.failed.has(person.userPrincipalName)),
    nameOf: (person) => person.userPrincipalName,
    entries: people,
    async work(person) {
      const name = person.userPrincipalName
      const found = links.get(name)
      const wanted = initialValues(person, moves.get(name), found !== undefined)
      if (found) {
        await update({ client, dialect }, people, name, wanted, links)
        return
      }
      links.set(name, await create(client, 'Users', userBody(wanted), 'userName', name))
      created.add(name)
    },
    outcome: () => `${created.size} created, ${people.updated} updated`,
  })
}

/** A create whose first answer was lost may meet itself: then the entry is found by a query. */
async function create(
  client: ScimClient,
  endpoint: Endpoint,
  body: JsonObject,
  attribute: string,
  value: string,
): Promise<Resource> {
  const made = await client.create(endpoint, body)
  if (made) return made
  const found = await match(client, endpoint, attribute, value)
  if (found) return found
  throw new EntryFailure('EntryConflict', 409, 'refused as taken, yet a query finds nobody')
}

/** One PATCH with all that differs; none where nothing does. */
async function update(
  { client, dialect }: Pick<Run, 'client' | 'dialect'>,
  people: Entries,
  name: string,
  wanted: readonly MappedValue[],
  links: Links,
): Promise<void> {
  const held = links.get(name)
  if (!held) return
  const changes = differenceOf(wanted, held)
  if (changes.length === 0) return
  people.patched(name)
  const now = await client.patch('Users', held.id, dialect.update(changes))
  if (now) links.set(name, now)
}

/** References come in a pass of their own, once both ends have an id. */
async function setManagers({ client, directory, dialect, ...run }: Run, links: Links) {
  const { people } = run.tally
  let set = 0
  const reports = directory.people.flatMap(({ userPrincipalName: name, manager }) => {
    const [held, above] = [links.get(name), links.get(manager ?? '')]
    return held && above ? [{ name, held, wanted: above.id }] : []
  })
  await phase(run, {
    title: 'managers',
    items: reports,
    nameOf: ({ name }) => name,
    entries: people,
    async work({ name, held, wanted }) {
      const shown = asObject(asObject(held[ENTERPRISE_URN])?.['manager'])?.['value']
      if (shown === wanted) return
      const op = shown === undefined ? 'add' : 'replace'
      people.patched(name)
      set += 1
      const now = await client.patch('Users', held.id, dialect.setManager(op, wanted))
      if (now) links.set(name, now)
    },
    outcome: () => `${set} set`,
  })
}

const DISPLAY_NAME = target('displayName')
const EXTERNAL_ID = target('externalId', true)

/** Matched or created without members, which are then added and never read back. */
async function provisionGroups({ client, directory, dialect, ...run }: Run, links: Links) {
  const { tally, progress } = run
  const { groups } = tally
  const membersOf = (group: Group) => group.members.flatMap((name) => links.get(name)?.id ?? [])
  const chunksOf = (group: Group) => Math.ceil(membersOf(group).length / MEMBERS_A_PATCH)
  await phase(run, {
    title: 'groups',
    items: directory.groups,
    steps: directory.groups.reduce((sum, group) => sum + 1 + chunksOf(group), 0),
    nameOf: (group) => group.displayName,
    entries: groups,
    async work(group) {
      const { displayName, objectId } = group
      const found = await match(client, 'Groups', 'displayName', displayName)
      const body = {
        schemas: [GROUP_URN, ADSCIM_GROUP],
        externalId: objectId,
        displayName,
        meta: { resourceType: 'Group' },
      }
      const held = found ?? (await create(client, 'Groups', body, 'displayName', displayName))
      if (!found) {
        groups.created.add(displayName)
      } else {
        groups.matched.add(displayName)
        // Entra would fall into replacing members one by one (captures of May 2026).
        if (asList(found['members']).length > 0) {
          const detail = 'the answer shows members in spite of excludedAttributes=members'
          throw new EntryFailure('ServiceIncompatible', 200, detail)
        }
        const wanted = [
          { target: DISPLAY_NAME, value: displayName },
          { target: EXTERNAL_ID, value: objectId },
        ]
        const changes = differenceOf(wanted, found)
        if (changes.length > 0) {
          groups.patched(displayName)
          await client.patch('Groups', held.id, dialect.update(changes))
        }
      }
      const members = membersOf(group)
      for (let from = 0; from < members.length; from += MEMBERS_A_PATCH) {
        progress.step()
        const chunk = members.slice(from, from + MEMBERS_A_PATCH)
        await client.patch('Groups', held.id, dialect.addMembers(chunk))
        tally.membersSent += chunk.length
      }
    },
    outcome: () =>
      `${groups.created.size} created, ${groups.updated} updated, ${tally.membersSent} members sent`,
  })
}

/** What has changed since: Entra reads each such person by the id it has cached. */
async function runIncremental({ client, directory, dialect, ...run }: Run, links: Links) {
  const { people } = run.tally
  const moved = new Set(directory.moves.map((move) => move.userPrincipalName))
  let changed = 0
  await phase(run, {
    title: 'incremental',
    items: directory.people.filter(
      ({ userPrincipalName: name }) => moved.has(name) && links.has(name),
    ),
    nameOf: (person) => person.userPrincipalName,
    entries: people,
    async work(person) {
      const name = person.userPrincipalName
      const id = links.get(name)?.id ?? ''
      const now = await client.get('Users', id)
      if (!now) throw new EntryFailure('InvalidAnchor', 404, `no user has the id ${id} any more`)
      links.set(name, now)
      const wanted = mapPerson(person)
      if (differenceOf(wanted, now).length > 0) changed += 1
      await update({ client, dialect }, people, name, wanted, links)
    },
    outcome: () => `${changed} changed jobs`,
  })
}
