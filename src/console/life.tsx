/** The life of a token or a secret, as columns of a table. */
import { Time } from './parts.tsx'

/** Heads of the columns that `LifeCells` fills. */
export function LifeHeads() {
  return (
    <>
      <th scope="col">Last used</th>
      <th scope="col">Made</th>
      <th scope="col">Ends</th>
    </>
  )
}

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
  return (
    <>
      <td data-label="Last used">
        <Time iso={lastUsed} now={now} />
      </td>
      <td data-label="Made">
        <Time iso={created} now={now} />
      </td>
      <td data-label="Ends">
        <Time iso={expiresAt} now={now} />
      </td>
    </>
  )
}
