/**
 * One resource type of one connection, opened for one request: the resource type endpoint of
 * RFC 7644 §3.2 together with everything behind it. Operations take it as their first argument.
 */
import type { Connection } from '../access/connection.ts'
import { modeOf } from '../access/mode.ts'
import type { AnyPort, ResourceSpec } from '../adapter/contract.ts'
import type { Deadline } from '../calls/deadline.ts'
import { Audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import { Departures } from '../db/departures.ts'
import { EdgeIntents } from '../db/edge-intents.ts'
import { Edges } from '../db/edges.ts'
import { Findings } from '../db/findings.ts'
import { Intents } from '../db/intents.ts'
import type { LinkAhead } from '../db/link-ahead.ts'
import { Links } from '../db/links.ts'
import { RoleIntents } from '../db/role-intents.ts'
import type { Trail } from '../govern/trail.ts'
import { Mapping } from '../mapping/mapping.ts'
import type { Profile, ResourceDefinition } from '../scim/schema.ts'
import type { NativeIds } from './native-ids.ts'
import { readOnly } from './read-only-port.ts'

/** The app behind a connection: what it can do, and how to reach it, by resource type name. */
export interface OpenApp {
  spec(type: string): ResourceSpec | undefined
  port(type: string): AnyPort | undefined
}

/** Clock and randomness, passed in so that tests can hold them still. */
export interface Io {
  /** Milliseconds since 1970. */
  now(): number
  newId(): string
  wait(ms: number): Promise<void>
  /** From 0 to 1. */
  random(): number
}

export interface Endpoint {
  readonly connection: Connection
  readonly profile: Profile
  readonly definition: ResourceDefinition
  readonly spec: ResourceSpec
  readonly port: AnyPort
  readonly mapping: Mapping
  readonly db: Database
  readonly links: Links
  readonly intents: Intents
  readonly edges: Edges
  readonly edgeIntents: EdgeIntents
  readonly roleIntents: RoleIntents
  readonly audit: Audit
  readonly findings: Findings
  readonly departures: Departures
  /** Of this isolate; absent where nobody waits. */
  readonly nativeIds: NativeIds | undefined
  /** Its waits end with the deadline. */
  readonly io: Io
  readonly deadline: Deadline
  /** SCIM base URL of the connection, without a trailing slash. */
  readonly baseUrl: string
  /** Id of the request, for the audit and the log. */
  readonly request: string
  readonly trail: Trail
  /** Another resource type of the same connection. */
  readonly sibling: (type: string) => Endpoint | undefined
}

export interface OpenConnection {
  readonly connection: Connection
  readonly app: OpenApp
  readonly db: Database
  readonly io: Io
  /** Of all that is done under this opening. */
  readonly deadline: Deadline
  readonly baseUrl: string
  readonly request: string
  /** What this request leaves behind for the audit. */
  readonly trail: Trail
  /** The link that the path names, where it came with the sign-in. */
  readonly ahead?: LinkAhead | undefined
  readonly nativeIds?: NativeIds | undefined
}

/** Undefined where the connection has no such type, or its app has no notion of it. */
export function openEndpoint(open: OpenConnection, type: string): Endpoint | undefined {
  const { connection, app, db, io, deadline, baseUrl, request, trail, nativeIds } = open
  const definition = connection.definitions.get(type)
  const spec = app.spec(type)
  const port = app.port(type)
  if (!definition || !spec || !port) return undefined
  const links = new Links(db, connection.id, open.ahead)
  return {
    connection,
    profile: connection.policy.profile,
    definition,
    spec,
    port: modeOf(connection, io.now()) === 'live' ? port : readOnly(port),
    mapping: mappingOf(connection, definition, spec),
    db,
    links,
    intents: new Intents(db, connection.id, links),
    edges: new Edges(db, connection.id),
    edgeIntents: new EdgeIntents(db, connection.id),
    roleIntents: new RoleIntents(db, connection.id),
    audit: new Audit(connection.id, trail),
    findings: new Findings(db, connection.id, (id) => trail.findings.add(id)),
    departures: new Departures(db, connection.id),
    nativeIds,
    io: { ...io, wait: (ms) => io.wait(deadline.cut(ms)) },
    deadline,
    baseUrl,
    request,
    trail,
    sibling: (other) => openEndpoint(open, other),
  }
}

interface Known {
  readonly spec: ResourceSpec
  readonly mapping: Mapping
}

/** By type: of a version of a connection, and for as long as its app is described so. */
const mappings = new WeakMap<Connection, Map<string, Known>>()

function mappingOf(
  connection: Connection,
  definition: ResourceDefinition,
  spec: ResourceSpec,
): Mapping {
  const type = definition.type.name
  const ofConnection = mappings.get(connection) ?? new Map<string, Known>()
  const known = ofConnection.get(type)
  if (known?.spec === spec) return known.mapping
  const mapping = new Mapping(definition, spec, connection.mapping?.[type])
  mappings.set(connection, ofConnection.set(type, { spec, mapping }))
  return mapping
}
