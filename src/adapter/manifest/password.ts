/** A password for an account whose holder signs in elsewhere: nobody sees or keeps it. */

export type FillRandom = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>

export interface PasswordRules {
  readonly length: number
  /** Those that the app takes; none: letters and digits alone. */
  readonly symbols: string
}

const UPPER = 'ABCDEFGHJKLMNPQRSTUVWXYZ'
const LOWER = 'abcdefghijkmnopqrstuvwxyz'
const DIGITS = '23456789'

/** At least one of each class, a letter in front: what the usual policies ask for. */
export function randomPassword({ length, symbols }: PasswordRules, random: FillRandom): string {
  const classes = [UPPER, LOWER, DIGITS, ...(symbols === '' ? [] : [symbols])]
  const all = classes.join('')
  const rest = Array.from({ length: length - 1 }, (_, i) => pick(classes[i] ?? all, random))
  // Fisher and Yates: where each class stands must not be known.
  for (let at = rest.length - 1; at > 0; at--) {
    const other = below(at + 1, random)
    const [a = '', b = ''] = [rest[at], rest[other]]
    rest[at] = b
    rest[other] = a
  }
  return pick(UPPER + LOWER, random) + rest.join('')
}

function pick(characters: string, random: FillRandom): string {
  return characters.charAt(below(characters.length, random))
}

/** Even: a byte beyond the last whole multiple is drawn again. @param count at most 256 */
function below(count: number, random: FillRandom): number {
  const limit = 256 - (256 % count)
  for (;;) {
    const [byte = 0] = random(new Uint8Array(1))
    if (byte < limit) return byte % count
  }
}
