/** A state, a time, a text to be taken elsewhere: the smallest that pages show. */
import type { Child } from 'hono/jsx'
import { relative } from '../words.ts'

export type Tone = 'good' | 'bad' | 'warn' | 'calm'

/** The word says it; the colour repeats it. */
export function Badge({ tone, children }: { tone: Tone; children?: Child }) {
  return <span class={`badge ${tone}`}>{children}</span>
}

export function Time({
  iso,
  now,
  never = 'never',
}: {
  iso: string | null
  now: number
  never?: string
}) {
  if (iso === null) return <span>{never}</span>
  return (
    <time datetime={iso} title={iso}>
      {relative(iso, now)}
    </time>
  )
}

/** The button is there where a script can copy. */
export function Copyable({ id, label, value }: { id: string; label: string; value: string }) {
  return (
    <div class="copyable">
      <span class="label" id={`${id}-label`}>
        {label}
      </span>
      <div>
        <code id={id}>{value}</code>
        <button
          type="button"
          class="quiet-button"
          data-copy={id}
          aria-describedby={`${id}-label`}
          hidden
        >
          Copy
        </button>
      </div>
    </div>
  )
}
