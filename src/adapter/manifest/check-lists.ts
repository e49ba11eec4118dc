/** Whether the lists in a body that are made of others are well made. */
import * as z from 'zod'
import type { Fault, Path } from './check-request.ts'
import { fact } from './request-schema.ts'
import { EACH, isListTemplate } from './template.ts'

const listTemplate = z.strictObject({
  [EACH]: z.string().regex(/^\{[^{}]+\}$/, 'must be one placeholder, such as "{current/groups}"'),
  where: z.array(fact).max(10).optional(),
  as: z.json().optional(),
  and: z.array(z.json()).max(100).optional(),
  orElse: z.array(z.json()).max(100).optional(),
})

/** Lists that are made of others, wherever in a body they are. */
export function checkLists(path: Path, value: unknown): Fault[] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.entries(value).flatMap(([key, one]) => checkLists([...path, key], one))
  if (!isListTemplate(value)) return inner
  const { error } = listTemplate.safeParse(value)
  const own = (error?.issues ?? []).map((issue) => ({
    path: [...path, ...issue.path.map(String)],
    message: issue.message,
  }))
  return [...own, ...inner]
}
