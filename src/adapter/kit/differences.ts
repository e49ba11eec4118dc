/** What two sights of one object do not share. */
import type { NativeObject, ResourceSpec } from '../contract.ts'
import { same } from './samples.ts'

/** Attributes that differ, of those that the adapter declares. */
export function differences(
  { attributes }: ResourceSpec,
  a: NativeObject,
  b: NativeObject,
): readonly string[] {
  const names = Object.keys(attributes).filter((name) => {
    return !same(attributes[name], a.attributes[name], b.attributes[name])
  })
  return [
    ...(a.id === b.id ? [] : ['id']),
    ...names,
    ...(a.active === b.active ? [] : ['active']),
    ...(a.fingerprint === b.fingerprint ? [] : ['fingerprint']),
    ...(Boolean(a.protected) === Boolean(b.protected) ? [] : ['protected']),
  ]
}
