/** Opens the app behind a connection for one request. */
import type * as z from 'zod'
import type { Connection } from '../access/connection.ts'
import type {
  Adapter,
  AnyPort,
  DeclaredType,
  DocumentStore,
  Kept,
  ResourceSpec,
} from '../adapter/contract.ts'
import { type Outside, openPorts } from '../adapter/open.ts'
import type { Pace } from '../adapter/pace.ts'
import type { RemoteAdapter } from '../adapter/remote/connect.ts'
import type { Description } from '../adapter/remote/wire.ts'
import { timedPort } from '../adapter/timed.ts'
import { withholding } from '../adapter/withhold.ts'
import { type AppCalls, guarded } from '../calls/app-calls.ts'
import type { ResourceDefinition } from '../scim/schema.ts'
import type { OpenApp } from './endpoint.ts'
import { MEMBERSHIP } from './members.ts'
import { unsealed } from './unsealed.ts'

/** @throws where stored settings no longer fit the adapter; {SecretUnreadable} */
export async function openAdapter(
  adapter: Adapter,
  connection: Connection,
  outside: Outside,
  calls: AppCalls,
  kept?: Kept,
): Promise<OpenApp> {
  const { settings } = connection
  const secrets = await unsealed(() => connection.secrets())
  const leftMs = () => calls.deadline.leftMs()
  const ports = openPorts(adapter, { settings, secrets, leftMs, ...(kept && { kept }) }, outside)
  return opened(adapter.resources, ports, calls)
}

/** @throws {AdapterFailure} where its Worker does not answer, or does not fit */
export async function openPrivate(
  remote: RemoteAdapter,
  described: Description,
  connection: Connection,
  calls: AppCalls,
  pace: Pace,
  timing: Pick<Outside, 'onCall' | 'now'>,
): Promise<OpenApp> {
  const { settings } = connection
  const secrets = await unsealed(() => connection.secrets())
  const leftMs = () => calls.deadline.leftMs()
  const ports = await remote.ports({ settings, secrets, leftMs }, described, pace)
  const kept = Object.entries(withholding(ports, Object.values(secrets)))
  const timed = kept.map(([type, port]) => [type, timedPort(port, type, timing)])
  return opened(described.resources, Object.fromEntries(timed), calls)
}

function opened(
  specs: Readonly<Record<string, ResourceSpec>>,
  ports: Readonly<Record<string, AnyPort>>,
  calls: AppCalls,
): OpenApp {
  return {
    spec: (type) => specs[type],
    port: (type) => {
      const port = ports[type]
      return port && guarded(port, calls)
    },
  }
}

/** The sandbox, as its module exports it. */
export interface Sandbox {
  readonly name: string
  readonly settings: z.ZodType
  readonly secrets: readonly string[]
  describe(declared: DeclaredType): ResourceSpec
  connect(declared: DeclaredType, documents: DocumentStore): AnyPort
}

export function openSandbox(
  sandbox: Sandbox,
  connection: Connection,
  documents: DocumentStore,
): OpenApp {
  const declared = (type: string): DeclaredType | undefined => {
    const definition = connection.definitions.get(type)
    return definition && declare(definition)
  }
  return {
    spec: (type) => {
      const found = declared(type)
      return found && sandbox.describe(found)
    },
    port: (type) => {
      const found = declared(type)
      return found && sandbox.connect(found, documents)
    },
  }
}

/** The app, but for one resource type that Postern itself records. */
export function withRecorded(app: OpenApp, type: string, recorded: OpenApp): OpenApp {
  const openFor = (name: string): OpenApp => (name === type ? recorded : app)
  return {
    spec: (name) => openFor(name).spec(name),
    port: (name) => openFor(name).port(name),
  }
}

/** What a client can write, but secrets and members: those are never kept in a document. */
function declare({ type, attributes, extensions }: ResourceDefinition): DeclaredType {
  const held = [...attributes].filter(
    (a) =>
      a.mutability !== 'readOnly' &&
      a.returned !== 'never' &&
      a.name !== 'schemas' &&
      !(type.name === 'Group' && a.name === MEMBERSHIP),
  )
  return {
    name: type.name,
    attributes: [
      ...held.map((a) => ({
        name: a.name,
        simple: a.type === 'string' && !a.multiValued,
        unique: a.uniqueness !== 'none',
        caseExact: a.caseExact,
      })),
      ...extensions.map(({ id }) => ({ name: id, simple: false, unique: false, caseExact: true })),
    ],
  }
}
