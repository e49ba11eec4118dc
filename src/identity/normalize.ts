/**
 * What a match rule does to both sides before it compares them. Each step forgets one thing that two
 * systems are known to write differently, and nothing that tells people apart: no provider's own
 * rules (dots or tags in a mail address), no transliteration, no phonetics.
 */
import { foldCase } from '../scim/schema.ts'

export type Step = 'trim' | 'lower' | 'digits' | 'beforeAt'

/** In the order given; "" where nothing is left to compare. */
export function normalize(steps: readonly Step[], text: string): string {
  return steps.reduce(take, text)
}

function take(text: string, step: Step): string {
  switch (step) {
    case 'trim':
      return text.trim()
    case 'lower':
      return foldCase(text)
    case 'digits':
      return text.replaceAll(/\D/g, '')
    case 'beforeAt':
      return text.includes('@') ? text.slice(0, text.lastIndexOf('@')) : text
  }
}
