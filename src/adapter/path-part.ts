/** Whether a part of a path stays where it is put, whatever the server makes of it. */

/** As often as servers and proxies in a row decode a path. */
const ROUNDS = 3
/** `.` and `..`, with the parameters that some servers cut off before they resolve (`..;x`). */
const DOTS = /^\.{1,2}(?:;|$)/
const SPACE = 0x20
const DELETE = 0x7f

/**
 * True where a server that decodes before it resolves would read another path: `..`, also behind
 * `%2F` or a backslash, and encoded twice; or a control character, which cuts a line or a string.
 *
 * @param part between two slashes, encoded or not
 */
export function leavesItsPlace(part: string): boolean {
  let text = part
  for (let round = 0; round < ROUNDS; round++) {
    if (hasControl(text) || text.split(/[/\\]/).some((one) => DOTS.test(one))) return true
    const decoded = decode(text)
    if (decoded === undefined || decoded === text) return false
    text = decoded
  }
  return false
}

function hasControl(text: string): boolean {
  return Array.from(text).some((one) => {
    const code = one.charCodeAt(0)
    return code < SPACE || code === DELETE
  })
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
