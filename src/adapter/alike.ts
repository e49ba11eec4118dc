/** Names in which an app sees no difference, by its adapter's word (MediaWiki: `_` is a blank). */
import type { AttributeSpec } from './contract.ts'

/** The one text that stands for all that the app takes for the same; letter case stays. */
export function alikeForm(alike: AttributeSpec['alike'], text: string): string {
  if (!alike) return text
  return alike.reduce(
    (form, [first, ...others]) => others.reduce((one, other) => one.replaceAll(other, first), form),
    text.normalize('NFC'),
  )
}
