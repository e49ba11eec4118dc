/** Where one check of one resource type takes place, and what it makes there. */
import type { Adapter, AnyPort, NativeObject, ResourceSpec } from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import { CheckBlocked } from './check.ts'
import type { Change, Ports, Subject } from './subject.ts'

/** Some objects of each resource type, as they were before the run. */
export type Survey = Readonly<Record<string, readonly NativeObject[]>>

export interface Scene {
  readonly subject: Subject
  readonly adapter: Adapter
  readonly type: string
  readonly spec: ResourceSpec
  /** Of a sound connection that this check has for itself. */
  readonly ports: Ports
  readonly port: AnyPort
  readonly survey: Survey
  open(change: Change): Ports
  /** A name that nothing in the app has, of small letters and digits. */
  name(): string
  /** What is left to do when the check is over, whichever way; the last comes first. */
  later(undo: () => Promise<unknown>): void
}

export interface Stage extends Scene {
  /** What could not be taken away again, in words. */
  close(): Promise<readonly string[]>
}

export function openStage(subject: Subject, check: string, type: string, survey: Survey): Stage {
  const { adapter } = subject
  const spec = adapter.resources[type]
  if (!spec) throw new Error(`the adapter has no ${type}`)
  const undos: (() => Promise<unknown>)[] = []
  const open = (change?: Change): Ports => {
    if (!subject.open) throw new CheckBlocked('there is no app to ask')
    return subject.open(change)
  }
  const place = digest(`${type} ${check}`)
  let names = 0
  let ports: Ports | undefined
  const sound = (): Ports => {
    ports ??= open()
    return ports
  }
  return {
    subject,
    adapter,
    type,
    spec,
    survey,
    get ports() {
      return sound()
    },
    get port() {
      const port = sound()[type]
      if (!port) throw new CheckBlocked(`connect returns no port of ${type}`)
      return port
    },
    open,
    name: () => `pk${subject.seed}${place}${(names++).toString(36)}`,
    later: (undo) => void undos.push(undo),
    async close() {
      const left: string[] = []
      for (const undo of undos.reverse()) {
        await undo().catch((error: unknown) => left.push(describe(error)))
      }
      return left
    },
  }
}

/** Four letters and digits: the names of one check differ from those of all others. */
function digest(text: string): string {
  let sum = 7
  for (const letter of text) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_679_616
  return sum.toString(36).padStart(4, '0')
}

/** A failure in our words: messages of adapters hold no foreign text. */
export function describe(error: unknown): string {
  if (error instanceof AdapterFailure) {
    const about = error.attributes.length > 0 ? ` (${error.attributes.join(', ')})` : ''
    return `failure ${error.code}${about}, effect ${error.effect}: ${error.message}`
  }
  return error instanceof Error ? `${error.name}: ${error.message}` : 'it threw what is no error'
}

/** The failure of a call that must fail as failures do; undefined where it did not fail. */
export async function failureOf(work: () => Promise<unknown>): Promise<AdapterFailure | undefined> {
  try {
    await work()
  } catch (error) {
    if (error instanceof AdapterFailure) return error
    throw error
  }
  return undefined
}
