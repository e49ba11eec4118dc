/** The rows of the audit that are about one person, found by whatever an administrator knows of them. */
import type { Connection } from '../access/connection.ts'
import type { Database } from '../db/database.ts'
import { claimsHeld, linksNamed } from '../db/person-keys.ts'
import { foldCase } from '../scim/schema.ts'
import type { ValueHashes } from './value-hashes.ts'

export interface Whose {
  readonly links: readonly string[]
  /** Hashes under which requests asked for them before there was a link. */
  readonly abouts: readonly string[]
}

/** @param text a SCIM id, a native id, an externalId, a userName, or what else a match rule goes by */
export async function whoseRows(
  { connection, db, hashes }: { connection: Connection; db: Database; hashes: ValueHashes },
  text: string,
): Promise<Whose> {
  const definitions = [...connection.definitions.values()]
  const keys = definitions.flatMap(({ attributes }) =>
    [...attributes].filter((a) => a.uniqueness !== 'none' && a.mutability !== 'readOnly'),
  )
  const rules = connection.policy.match.flatMap(({ scim, normalize = [] }) => [
    scim,
    [scim, ...normalize].join('|'),
    [scim, ...normalize, 'lower'].join('|'),
  ])
  const kinds = [...new Set([...keys.map(({ name }) => name), 'externalId', ...rules])]
  const norms = [...new Set([text, foldCase(text)])]
  const types = definitions.map(({ type }) => type.name)
  const links = await linksNamed(db, connection.id, { text, types, kinds, norms })
  const typed = kinds.flatMap((kind) => norms.map((norm) => ({ kind, norm })))
  return {
    links,
    abouts: await aboutsOf(hashes, connection, [
      ...typed,
      ...(await claimsHeld(db, connection.id, links)),
    ]),
  }
}

/** None where there is no key to hash by: then none were kept. */
export async function aboutsOf(
  hashes: ValueHashes,
  { id }: Pick<Connection, 'id'>,
  keys: readonly { readonly kind: string; readonly norm: string }[],
): Promise<readonly string[]> {
  try {
    return await hashes.abouts(id, keys)
  } catch {
    return []
  }
}
