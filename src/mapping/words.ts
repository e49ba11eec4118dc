/** What a client spoke of in one write: only of that a shadow keeps its word. */
import type { NativeObject } from '../adapter/contract.ts'
import { getAt, type Path } from '../scim/path.ts'
import type { Json, Resource } from '../scim/schema.ts'
import { same } from './same.ts'
import { elementOf, type Shadow } from './shadow.ts'

export interface Words {
  readonly spoke: (path: Path) => boolean
  /** What was known before the write; undefined where the client meets the account only now. */
  readonly before: { readonly shadow: Shadow; readonly object: NativeObject } | undefined
}

/** Of a create or an adoption: the client spoke of what it sent. */
export function firstWords(sent: Resource): Words {
  return { spoke: (path) => names(sent, path), before: undefined }
}

/**
 * Of an update: the client spoke of what it changed, and of what it `sent` although the view shows it
 * so already.
 */
export function furtherWords(
  known: { readonly shadow: Shadow; readonly object: NativeObject },
  view: { readonly before: Resource; readonly after: Resource },
  sent: (path: Path) => boolean,
): Words {
  const { before, after } = view
  return {
    spoke: (path) =>
      !same(getAt(before, path), getAt(after, path)) ||
      names(before, path) !== names(after, path) ||
      sent(path),
    before: known,
  }
}

/** Nothing is said: what was known stands. */
export function noWords(known: { readonly shadow: Shadow; readonly object: NativeObject }): Words {
  return { spoke: () => false, before: known }
}

/** A value at the path, or an element that it would belong to. */
function names(resource: Resource, path: Path): boolean {
  const element = elementOf(path)
  const at = (where: Path): Json | undefined => getAt(resource, where)
  return at(path) !== undefined || (element !== undefined && at(element) !== undefined)
}
