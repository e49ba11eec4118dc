/** The life of a token or a secret, as columns of a table. */
import { Time } from './marks.tsx'

/** Heads of the columns that `LifeCells` fills. */
export const LIFE_HEADS = ['Last used', 'Made', 'Ends'] as const

/** Of a credential: a token, a secret. */
export function LifeCells({
  of: { lastUsed, created, expiresAt },
  now,
}: {
  of: {
    readonly lastUsed: string | null
    readonly created: string | null
    readonly expiresAt: string | null
  }
  now: number
}) {
  const times = [lastUsed, created, expiresAt]
  return (
    <>
      {LIFE_HEADS.map((head, at) => (
        <td data-label={head}>
          <Time iso={times[at] ?? null} now={now} />
        </td>
      ))}
    </>
  )
}
