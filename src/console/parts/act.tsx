import type { Child } from 'hono/jsx'

/** A form of one button. */
export function Act({
  at,
  sends,
  does,
  tone = 'danger',
  confirm,
  called,
  children,
}: {
  at: string
  /** Which one is meant, where the address does not say it. */
  sends?: readonly [name: string, value: string]
  /** Of the button itself. */
  does?: readonly [name: string, value: string] | undefined
  tone?: 'danger' | 'second'
  /** Asked before it is sent, where there are scripts. */
  confirm?: string | undefined
  /** For who cannot see what it stands beside. */
  called?: string
  children: Child
}) {
  return (
    <form method="post" action={at} {...(confirm !== undefined && { 'data-confirm': confirm })}>
      {sends && <input type="hidden" name={sends[0]} value={sends[1]} />}
      <button
        class={tone}
        type="submit"
        {...(does && { name: does[0], value: does[1] })}
        {...(called !== undefined && { 'aria-label': called })}
      >
        {children}
      </button>
    </form>
  )
}
