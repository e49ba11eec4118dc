/** A manifest of tables as the contract has it: the core cannot tell it from any other adapter. */
import * as z from 'zod'
import type {
  Adapter,
  AnyPort,
  AttributeSpec,
  Capabilities,
  Kit,
  ResourceSpec,
} from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import type { WrittenMapping } from '../mapping-entry.ts'
import type { Database } from '../sql/database.ts'
import { Identifier } from '../sql/statement.ts'
import { MOST_MEMBERS, memberPort } from './members.ts'
import { readPort } from './read.ts'
import type { TableAttribute, TableResource, TablesManifest } from './schema.ts'
import { Table } from './table.ts'
import { type Belonging, writePort } from './write.ts'

type Ports = ReturnType<Adapter['connect']>
export type TablesSettings =
  | { readonly url: string; readonly user: string }
  | { readonly binding: string }

export function compileTables(manifest: TablesManifest): Adapter<TablesSettings> {
  const { name, version, reach, dialect } = manifest
  const { User, Group } = manifest.resources
  const people = new Table(User)
  const groups = Group && new Table(Group)
  return {
    name,
    contract: 1,
    version,
    settings: settingsOf(manifest),
    secrets: reach === 'socket' ? ['password'] : [],
    baseUrl: (settings) => ('url' in settings ? settings.url : `hyperdrive:${settings.binding}`),
    resources: {
      User: specOf(User),
      ...(Group && { Group: specOf(Group) }),
    },
    connect(kit): Ports {
      const open = () => openDatabase(kit, dialect)
      const ports: Readonly<Record<string, AnyPort>> = {
        User: {
          ...readPort(open, people),
          ...writePort(open, people, belongingsOf(Group, 'member')),
        },
        ...(groups && {
          Group: {
            ...readPort(open, groups),
            ...writePort(open, groups, belongingsOf(Group, 'group')),
            ...(groups.resource.members &&
              memberPort(open, groups.resource.members, groups, people)),
          },
        }),
      }
      // What is declared and what is there come from the same members, so they agree.
      return ports as Ports
    },
  }
}

function openDatabase(
  { settings, secret, database }: Pick<Kit<TablesSettings>, 'settings' | 'secret' | 'database'>,
  dialect: Database['dialect'],
): Database {
  const opened =
    'url' in settings ? database({ user: settings.user, password: secret('password') }) : database()
  if (opened.dialect === dialect) return opened
  throw new AdapterFailure('protocol', `this is no database of the kind "${dialect}"`, {
    effect: 'none',
  })
}

function settingsOf({ reach, dialect }: TablesManifest): z.ZodType<TablesSettings> {
  if (reach === 'hyperdrive') {
    return z.strictObject({
      binding: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'must be the name of a binding')
        .meta({ examples: ['APP_DATABASE'] }),
    })
  }
  const scheme = dialect === 'postgres' ? /^postgres(?:ql)?:\/\// : /^mysql:\/\//
  return z.strictObject({
    url: z
      .string()
      .max(1_000)
      .regex(scheme, `must begin with ${dialect}://`)
      .refine((url) => URL.canParse(url), 'must be a URL')
      .meta({ examples: [`${dialect}://db.example.com/app`] }),
    user: z.string().min(1).max(200),
  })
}

/** Rows that go with a row of this type, where it is deleted. */
function belongingsOf(
  group: TableResource | undefined,
  side: 'group' | 'member',
): readonly Belonging[] {
  const members = group?.members
  if (members?.kind !== 'table') return []
  return [{ table: new Identifier(members.table), column: new Identifier(members[side]) }]
}

function specOf(resource: TableResource): ResourceSpec {
  return {
    attributes: Object.fromEntries(
      Object.entries(resource.attributes).map(([name, spec]) => [name, attributeOf(spec)]),
    ),
    naming: resource.naming,
    // zod says `undefined` for what is left out; JSON holds none.
    mapping: resource.mapping as WrittenMapping,
    capabilities: capabilitiesOf(resource),
  }
}

function attributeOf(spec: TableAttribute): AttributeSpec {
  const { type, write, caseExact, required, unique, clearable, verifiedBy } = spec
  return {
    type,
    write,
    caseExact,
    ...(required !== undefined && { required }),
    ...(unique !== undefined && { unique }),
    ...(clearable !== undefined && { clearable }),
    ...(verifiedBy !== undefined && { verifiedBy }),
  }
}

function capabilitiesOf(resource: TableResource): Capabilities {
  const { lookups, attributes, create, update, active, remove, members, anchor } = resource
  return {
    lookups: lookups.map((attribute) => ({
      attribute,
      exact: true,
      caseExact: attributes[attribute]?.caseExact ?? true,
      includesInactive: true,
      lagMs: 0,
    })),
    // Rows come in the order of their ids, each page after the last one of the page before.
    list: { maxPage: resource.maxPage, order: 'stable', skip: true },
    create: create ? 'sync' : 'none',
    update: update ? 'delta' : 'none',
    active: active ? 'native' : 'none',
    remove: remove?.kind ?? 'none',
    membership: members ? 'add-remove' : 'none',
    ...(members && { members: { batch: MOST_MEMBERS, single: members.kind === 'column' } }),
    idsReused: resource.idsReused,
    idempotencyKey: false,
    ...(anchor !== undefined && { anchor }),
  }
}
