/** Whoever looks at a page, and what they may do by it: buttons that would be refused are not shown. */
import type { AdminPath, MethodOf } from '../admin/permissions.ts'
import type { Asking } from './ask.ts'

/** `GET /me`. */
export interface Viewer {
  readonly id: string
  readonly name: string
  readonly role: string
  /** Names; null: all. */
  readonly connections: readonly string[] | null
  readonly signedInBy: string
  readonly may: readonly string[]
}

/** @throws {PageRefused} 401 where nobody has signed in */
export const readViewer = (asking: Asking): Promise<Viewer> => asking.get<Viewer>('/me')

export function may<P extends AdminPath>(viewer: Viewer, method: MethodOf<P>, path: P): boolean {
  return viewer.may.includes(`${method} ${path}`)
}
