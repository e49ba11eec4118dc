/**
 * A private adapter as Postern goes by it: what it has declared, and ports whose every method is one
 * call over its service binding (decision 0017).
 */
import type * as z from 'zod'
import type { SettingsCheck } from '../check-settings.ts'
import type { AnyPort, Capabilities } from '../contract.ts'
import { AdapterFailure, type Effect, OutOfTime } from '../failure.ts'
import { AdapterChanged, AdapterMismatch } from '../mismatch.ts'
import type { AppAccess } from '../open.ts'
import { type Pace, paced } from '../pace.ts'
import { pauseAfter } from '../rate-headers.ts'
import {
  type AdapterBinding,
  answerOf,
  CONTRACT,
  contractSchema,
  type Description,
  descriptionSchema,
  METHODS,
  type Method,
  offersSchema,
  settingsCheckSchema,
} from './wire.ts'

/** For what makes no call of the app. */
const DESCRIBE_MS = 5_000
/** What the way there and back may take, over the time that the app has. */
const GRACE_MS = 1_000

export interface RemoteOptions {
  /** What connections call it; the adapter must call itself so. */
  readonly name: string
  /** True only in development: http and loopback app hosts are allowed. */
  readonly allowInsecure: boolean
}

/** For one isolate: it remembers what was declared, and nothing of a connection. */
export class RemoteAdapter {
  readonly #binding: AdapterBinding
  readonly #options: RemoteOptions
  #described: Description | undefined
  /** Of the revision described, where jobs may or may not be withdrawn. */
  #offers: Readonly<Record<string, readonly string[]>> | undefined

  constructor(binding: AdapterBinding, options: RemoteOptions) {
    this.#binding = binding
    this.#options = options
  }

  /** @throws {AdapterFailure} effect `none`; {@link AdapterMismatch} where it does not fit */
  async describe(): Promise<Description> {
    this.#described ??= await this.#askDescription()
    return this.#described
  }

  /** @throws {AdapterFailure} */
  checkSettings(given: Readonly<Record<string, unknown>>): Promise<SettingsCheck> {
    return ask(() => this.#binding.checkSettings(given), settingsCheckSchema, DESCRIBE_MS, 'none')
  }

  /**
   * The ports by resource type.
   *
   * @param described what the caller has found fit: of another one nothing is done
   * @param pace of calls of its methods: what each does there is not seen from here
   * @throws {AdapterFailure}
   */
  async ports(
    given: AppAccess,
    { resources, secrets, revision }: Description,
    pace?: Pace,
  ): Promise<Readonly<Record<string, AnyPort>>> {
    const accessFor = (timeoutMs: number) => ({
      settings: given.settings,
      // What it does not declare is not its business.
      secrets: Object.fromEntries(
        Object.entries(given.secrets).filter(([name]) => secrets.includes(name)),
      ),
      timeoutMs,
      allowInsecure: this.#options.allowInsecure,
    })
    const invoke = async <T>(type: string, method: Method, args: readonly unknown[]) => {
      const { effect, result } = METHODS[method]
      const schema = answerOf(result as unknown as z.ZodType<T>)
      const answer = await paced(pace, given.leftMs(), () => {
        const timeoutMs = given.leftMs()
        if (timeoutMs <= 0) throw new OutOfTime()
        const access = accessFor(timeoutMs)
        const call = () => this.#binding.invoke({ access, revision, type, method, args })
        return ask(call, schema, timeoutMs + GRACE_MS, effect)
      })
      switch (answer.kind) {
        case 'value':
          return answer.value
        case 'failure': {
          const { code, attributes: named, ...info } = answer.failure
          if (code === 'rate') pace?.pause(pauseAfter(info.retryAfterSeconds))
          // They are shown to clients: names that it declares, and nothing else.
          const known = resources[type]?.attributes ?? {}
          const attributes = named.filter((name) => Object.hasOwn(known, name))
          const message = `the private adapter failed in ${method}`
          throw new AdapterFailure(code, message, { ...info, attributes })
        }
        case 'changed':
          this.#forget(revision)
          throw new AdapterChanged()
      }
    }
    const isOpen = Object.values(resources).some(({ capabilities: c }) => c.create === 'async')
    if (isOpen) {
      const offers = () => this.#binding.offers(accessFor(DESCRIBE_MS))
      this.#offers ??= await ask(offers, offersSchema, DESCRIBE_MS, 'none')
    }
    const offers = isOpen ? this.#offers : undefined
    return Object.fromEntries(
      Object.entries(resources).map(([type, { capabilities }]) => {
        const methods = methodsOf(capabilities, offers?.[type] ?? [])
        const calls = methods.map((method) => [
          method,
          (...args: readonly unknown[]) => invoke(type, method, args),
        ])
        // What is declared has its method there: the contract makes it so, and `invoke` finds out.
        return [type, Object.fromEntries(calls) as AnyPort]
      }),
    )
  }

  async #askDescription(): Promise<Description> {
    const describe = () => this.#binding.describe()
    const text = await inTime(describe, DESCRIBE_MS, 'none')
    const { contract, name } = parse(text, contractSchema, 'none')
    if (contract !== CONTRACT) {
      throw new AdapterMismatch(
        `The private adapter speaks contract ${contract}, and this Postern speaks ${CONTRACT}: ` +
          'deploy its Worker again, with the release of Postern that runs here.',
      )
    }
    if (name !== this.#options.name) {
      throw new AdapterMismatch(
        'The private adapter has another name than its binding: name the binding after it, ' +
          'in capital letters, with "_" for "-".',
      )
    }
    return parse(text, descriptionSchema, 'none')
  }

  #forget(revision: string): void {
    // Another request may have read the new one.
    if (this.#described?.revision !== revision) return
    this.#described = undefined
    this.#offers = undefined
  }
}

/** As the contract has it: a declared capability makes its methods mandatory. */
function methodsOf(capabilities: Capabilities, offered: readonly string[]): Method[] {
  const { create, update, active, remove, membership } = capabilities
  const methods: Method[] = ['get', 'find', 'list']
  if (create !== 'none') methods.push('create')
  if (create === 'async' || create === 'invite') methods.push('poll')
  if (create === 'invite' || (create === 'async' && offered.includes('cancel'))) {
    methods.push('cancel')
  }
  if (update !== 'none') methods.push('update')
  if (active !== 'none') methods.push('setActive')
  if (remove !== 'none') methods.push('remove')
  switch (membership) {
    case 'none':
      break
    case 'add-remove':
      methods.push('members', 'addMembers', 'removeMembers')
      break
    case 'replace-on-group':
      methods.push('members', 'replaceMembers')
      break
    case 'replace-on-user':
      methods.push('members', 'groupsOf', 'replaceGroups')
      break
  }
  return methods
}

async function ask<T>(
  call: () => Promise<string>,
  schema: z.ZodType<T>,
  ms: number,
  effect: Effect,
): Promise<T> {
  return parse(await inTime(call, ms, effect), schema, effect)
}

/** An exception there, and a Worker that is not there, look alike: its own log tells which. */
async function inTime(call: () => Promise<string>, ms: number, effect: Effect): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new AdapterFailure('timeout', 'the private adapter did not answer in time', { effect }),
      )
    }, ms)
  })
  try {
    return await Promise.race([call(), late])
  } catch (error) {
    if (error instanceof AdapterFailure) throw error
    // No `cause`: the message of a foreign exception may hold anything.
    throw new AdapterFailure('unavailable', 'the private adapter failed, or is not there', {
      effect,
    })
  } finally {
    if (timer !== undefined) clearTimeout(timer)
  }
}

function parse<T>(text: unknown, schema: z.ZodType<T>, effect: Effect): T {
  let json: unknown
  try {
    json = typeof text === 'string' ? JSON.parse(text) : undefined
  } catch {
    json = undefined
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  throw new AdapterFailure('protocol', 'the answer of the private adapter is not understood', {
    effect,
  })
}
