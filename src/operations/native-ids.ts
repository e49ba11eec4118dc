/**
 * Which account a SCIM id stood for when this isolate last looked. A read of the app may begin with it
 * (design decision 11); the link, which is read beside, says whether that was right.
 */
import { BoundedMap } from '../access/bounded-map.ts'
import type { Link } from '../db/link.ts'

/** Some hundred bytes each. */
const REMEMBERED = 20_000

/** One for each isolate. */
export class NativeIds {
  readonly #ids = new BoundedMap<string>(REMEMBERED)

  of(connection: string, id: string): string | undefined {
    return this.#ids.get(`${connection}\n${id}`)
  }

  /** What a read of the link has shown; `undefined`: there is none that is shown to anybody. */
  note(connection: string, id: string, link: Link | undefined): void {
    const key = `${connection}\n${id}`
    if (link?.nativeId === undefined) this.#ids.delete(key)
    else this.#ids.set(key, link.nativeId)
  }
}
