/** Query parameters of admin requests. */
import type { Context } from 'hono'
import { Problem } from './problem.ts'

/** Undefined where the request does not name it. @throws {Problem} 400 for anything else */
export function oneOf<const T extends string>(
  c: Context,
  name: string,
  options: readonly T[],
): T | undefined {
  const text = c.req.query(name)
  if (text === undefined) return undefined
  const found = options.find((option) => option === text)
  if (found !== undefined) return found
  throw new Problem(400, `There is no ${name} of this name`, {
    errors: [{ path: name, message: `must be one of ${options.join(', ')}` }],
  })
}
