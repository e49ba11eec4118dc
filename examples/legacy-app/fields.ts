/** What Fernhollow Desk accepts in a body, and what it makes of it. */
import { isObject } from './faults.ts'
import { type Account, type NewAccount, ROLES, type Team } from './store.ts'

/** Ends the call with the app's own error body: `{ "fault": { "code", "text", ... } }`. */
export class Fault extends Error {
  readonly status: number
  readonly code: string
  readonly more: Readonly<Record<string, unknown>>

  constructor(status: number, code: string, text: string, more: Record<string, unknown> = {}) {
    super(text)
    this.status = status
    this.code = code
    this.more = more
  }

  toBody(): { fault: Record<string, unknown> } {
    return { fault: { code: this.code, text: this.message, ...this.more } }
  }
}

type Texts = Record<string, string | null>

interface Field {
  required?: true
  /** The form that is kept and answered. */
  normalise?: (text: string) => string
  accepts?: (text: string) => boolean
  /** What a new object has where the body names none; it is never without. */
  byDefault?: string
}

const ACCOUNT_FIELDS: Readonly<Record<string, Field>> = {
  login: { required: true },
  first_name: {},
  last_name: { required: true },
  mail: {
    normalise: (text) => text.toLowerCase(),
    accepts: (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  },
  job_title: {},
  org_unit: {},
  phone: { normalise: (text) => text.replaceAll(/\s/g, '') },
  role: { byDefault: ROLES[0], accepts: (text) => ROLES.some((role) => role === text) },
}

const TEAM_FIELDS: Readonly<Record<string, Field>> = { title: { required: true }, note: {} }

const MAX_LENGTH = 255

/**
 * Reads the named fields of a body. Blanks around a text are dropped; an empty text is none.
 * A new object needs every required field; an existing one cannot lose it.
 */
function read(fields: Readonly<Record<string, Field>>, body: unknown, isNew: boolean): Texts {
  if (!isObject(body)) throw new Fault(400, 'E_SYNTAX', 'The body must be a JSON object.')
  const wrong: string[] = []
  const texts: Texts = {}
  for (const [name, value] of Object.entries(body)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (!field || (value !== null && typeof value !== 'string')) {
      wrong.push(name)
      continue
    }
    const trimmed = value?.trim() || null
    const text = trimmed !== null && field.normalise ? field.normalise(trimmed) : trimmed
    const accepted =
      text === null
        ? !field.required && field.byDefault === undefined
        : text.length <= MAX_LENGTH && (field.accepts?.(text) ?? true)
    if (accepted) texts[name] = text
    else wrong.push(name)
  }
  if (isNew) {
    for (const [name, field] of Object.entries(fields)) {
      if (name in texts || wrong.includes(name)) continue
      if (field.required) wrong.push(name)
      else texts[name] = field.byDefault ?? null
    }
  }
  if (wrong.length > 0) {
    throw new Fault(422, 'E_INVALID', `Not acceptable: ${wrong.join(', ')}.`, { fields: wrong })
  }
  return texts
}

export type AccountFields = Omit<NewAccount, 'state'>

export function newAccount(body: unknown): AccountFields & Pick<Account, 'state'> {
  const { state = 'enabled', ...rest } = isObject(body) ? body : { rest: body }
  if (state !== 'enabled' && state !== 'suspended') {
    throw new Fault(422, 'E_INVALID', 'Not acceptable: state.', { fields: ['state'] })
  }
  const texts = read(ACCOUNT_FIELDS, isObject(body) ? rest : body, true)
  return { ...(texts as unknown as AccountFields), state }
}

export const changedAccount = (body: unknown): Partial<AccountFields> =>
  read(ACCOUNT_FIELDS, body, false) as Partial<AccountFields>

export const newTeam = (body: unknown): Pick<Team, 'title' | 'note'> =>
  read(TEAM_FIELDS, body, true) as unknown as Pick<Team, 'title' | 'note'>

export const changedTeam = (body: unknown): Partial<Pick<Team, 'title' | 'note'>> =>
  read(TEAM_FIELDS, body, false) as Partial<Pick<Team, 'title' | 'note'>>
