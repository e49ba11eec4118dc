/** Small charts, drawn on the server. What they show is said in words as well. */
import { plural } from '../words.ts'

interface BarsProps {
  readonly counts: readonly number[]
  /** Of each, those that went wrong; said in words beside the chart. */
  readonly failures?: readonly number[]
  /** What one bar counts, in the singular. */
  readonly what: string
  readonly many?: string
  /** Such as `in the last 24 hours`. */
  readonly when: string
  readonly size?: 'small' | 'large'
}

const BAR = 8
const GAP = 3

export function Bars({ counts, failures = [], what, many, when, size = 'small' }: BarsProps) {
  const height = size === 'small' ? 28 : 96
  const most = Math.max(1, ...counts)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const width = counts.length * (BAR + GAP) - GAP
  return (
    <svg
      class={`bars ${size}`}
      role="img"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      aria-label={`${plural(total, what, many)} ${when}; ${most === 1 && total === 0 ? 'none' : `${most} at the most`} in one bar`}
    >
      {counts.map((count, at) => {
        // A single one is still to be seen.
        const tall = count === 0 ? 2 : Math.max(4, Math.round((count / most) * height))
        const x = at * (BAR + GAP)
        const wrong = count === 0 ? 0 : Math.round(((failures[at] ?? 0) / count) * tall)
        return (
          <>
            <rect
              class={count === 0 ? 'none' : 'some'}
              {...{ x, y: height - tall, width: BAR, height: tall, rx: 1.5 }}
            />
            {wrong > 0 && (
              <rect
                class="wrong"
                {...{ x, y: height - wrong, width: BAR, height: wrong, rx: 1.5 }}
              />
            )}
          </>
        )
      })}
    </svg>
  )
}

interface SharesProps {
  readonly items: readonly { readonly label: string; readonly count: number }[]
}

/** Each with its number beside the bar, so that nothing depends on seeing the bar. */
export function Shares({ items }: SharesProps) {
  const most = Math.max(1, ...items.map(({ count }) => count))
  return (
    <dl class="shares">
      {items.map(({ label, count }) => (
        <div>
          <dt>{label}</dt>
          <dd>
            <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
              <rect class="some" width={Math.max(1, (count / most) * 100)} height="8" rx="1" />
            </svg>
            <span>{count.toLocaleString('en')}</span>
          </dd>
        </div>
      ))}
    </dl>
  )
}

export interface Part {
  readonly label: string
  readonly count: number
  readonly tone: 'good' | 'accent' | 'calm' | 'warn' | 'bad'
}

/** What a whole is made of, as one bar; the list below it says the same. */
export function Whole({ parts }: { readonly parts: readonly Part[] }) {
  const total = parts.reduce((sum, { count }) => sum + count, 0)
  const starts = parts.map((_, at) => parts.slice(0, at).reduce((sum, { count }) => sum + count, 0))
  const scale = 100 / Math.max(1, total)
  return (
    <>
      <svg class="whole" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        {parts.map(({ count, tone }, at) => (
          <rect
            class={`tone-${tone}`}
            {...{ x: (starts[at] ?? 0) * scale, y: 0, width: count * scale, height: 10 }}
          />
        ))}
      </svg>
      <dl class="legend">
        {parts.map(({ label, count, tone }) => (
          <div>
            <dt>
              <Swatch tone={tone} />
              {label}
            </dt>
            <dd>{count.toLocaleString('en')}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}

/** Which colour stands for what, before the words. */
export function Swatch({ tone }: Pick<Part, 'tone'>) {
  return (
    <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
      <rect class={`tone-${tone}`} width="10" height="10" rx="2" />
    </svg>
  )
}
