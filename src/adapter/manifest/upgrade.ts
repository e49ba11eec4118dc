/** What another manifest of the same name would mean for people who are linked already. */
import type { ResourceManifest } from './resource-schema.ts'
import type { Manifest } from './schema.ts'

export interface Moved {
  /** Resource type whose links would come to mean something else. */
  readonly type: string
  readonly path: readonly string[]
  readonly message: string
}

type Keep = (path: readonly string[], before: unknown, after: unknown, what: string) => void

/** What `compare` does not find kept, type by type. A type that is gone has moved as a whole. */
export function movedResources<R>(
  from: Readonly<Record<string, R | undefined>>,
  to: Readonly<Record<string, R | undefined>>,
  compare: (before: R, after: R, keep: Keep) => void,
): readonly Moved[] {
  return Object.entries(from).flatMap(([type, before]): Moved[] => {
    if (!before) return []
    const after = to[type]
    const at = ['resources', type]
    if (!after) return [{ type, path: at, message: 'is missing, and has linked objects' }]
    const moved: Moved[] = []
    compare(before, after, (path, a, b, what) => {
      if (a === b) return
      const message = `was ${JSON.stringify(a)}: ${what}, and linked objects go by it`
      moved.push({ type, path: [...at, ...path], message })
    })
    return moved
  })
}

/**
 * What must not change while there are links: what native ids, fingerprints and claims are made of.
 */
export function movedIdentity(from: Manifest, to: Manifest): readonly Moved[] {
  return movedResources<ResourceManifest>(from.resources, to.resources, (before, after, keep) => {
    keep(['id'], before.id, after.id, 'the native id would be another one')
    keep(['naming'], before.naming, after.naming, 'names are claimed by this attribute')
    if (before.fingerprint !== undefined && after.fingerprint !== undefined) {
      const what = 'every account would look as if its id had been used again'
      keep(['fingerprint'], before.fingerprint, after.fingerprint, what)
    }
    const [a, b] = [before.membership, after.membership]
    if ((a.kind === 'none') !== (b.kind === 'none')) {
      keep(['membership', 'kind'], a.kind, b.kind, 'members would be kept elsewhere')
    }
    if (a.kind !== 'none' && b.kind !== 'none') {
      const path = ['membership', 'members', 'id']
      keep(path, a.members.id, b.members.id, 'members would have other ids')
    }
  })
}

/** True: values of the app are read or mapped otherwise, so what was seen of them counts no more. */
export function readsOtherwise(from: Manifest, to: Manifest): boolean {
  const form = ({ resources }: Manifest) =>
    JSON.stringify(
      Object.entries(resources).map(([type, r]) => [type, r?.attributes, r?.mapping, r?.active]),
    )
  return form(from) !== form(to)
}
