/** People who are not there at once: invited, or made by a job of the app. */
import { type Check, CheckBlocked, demand, skipUnless } from './check.ts'
import { minimal, same } from './samples.ts'
import { describe, type Scene } from './scene.ts'
import { awaited, create, impossibleId, walk } from './scratch.ts'

interface Open {
  readonly ticket: string
  readonly invited: boolean
  readonly name: string
}

/** One that is open, with a ticket. */
async function opened(scene: Scene): Promise<Open> {
  const open = await created(scene)
  if (open.ticket === '') throw new CheckBlocked('the ticket is empty')
  return open
}

/** @throws {CheckSkipped} where the app makes people at once after all */
async function created(scene: Scene): Promise<Open> {
  const attributes = minimal(scene)
  const outcome = await create(scene, attributes).catch((error: unknown) => {
    throw new CheckBlocked(`create: ${describe(error)}`)
  })
  skipUnless(outcome.kind !== 'created', 'the app made the account at once')
  if (outcome.kind === 'exists') throw new CheckBlocked('create says exists')
  return {
    ticket: outcome.ticket,
    invited: outcome.kind === 'invited',
    name: String(attributes[scene.spec.naming]),
  }
}

/** Accepts, or waits for the job. */
async function finished(scene: Scene, { ticket, invited }: Open) {
  const { accept } = scene.subject.hands
  if (invited) {
    skipUnless(accept !== undefined, 'nobody here can accept an invitation')
    await accept(ticket)
  }
  return awaited(scene, ticket)
}

const PENDING = { needs: ['pending'], mutates: true } as const

export const PENDING_CHECKS: readonly Check[] = [
  {
    ...PENDING,
    id: 'pending.ticket',
    why: 'Without a ticket nobody can ask what became of an invitation or a job.',
    async run(scene) {
      const { ticket } = await created(scene)
      demand(typeof ticket === 'string' && ticket !== '', 'the ticket is empty')
    },
  },
  {
    ...PENDING,
    id: 'pending.poll',
    why: 'What is still open is running, not failed: a person would be given up.',
    async run(scene) {
      const { ticket } = await opened(scene)
      const outcome = await scene.port.poll?.({ ticket })
      demand(
        outcome?.kind === 'running' || outcome?.kind === 'done',
        `poll of an open one says ${outcome?.kind}`,
      )
    },
  },
  {
    ...PENDING,
    id: 'pending.done',
    why: 'The account that comes of it is there under the id that poll gives, and is the person asked for.',
    async run(scene) {
      const open = await opened(scene)
      const { id } = await finished(scene, open)
      const { naming, attributes } = scene.spec
      const object = await scene.port.get(id)
      demand(
        object !== null && same(attributes[naming], object.attributes[naming], open.name),
        'the id that poll gives names nobody, or somebody else',
      )
    },
  },
  {
    id: 'pending.shown',
    needs: ['pending', 'pending: shown'],
    mutates: true,
    why: 'One that is declared to be shown is told from an account by its ticket.',
    async run(scene) {
      const { ticket, name } = await opened(scene)
      const { attributes, naming } = scene.spec
      const { objects } = await walk(scene)
      const object = objects.find((one) => same(attributes[naming], one.attributes[naming], name))
      demand(object !== undefined, 'the list does not show it')
      demand(object.ticket === ticket, 'the list shows it without its ticket')
    },
  },
  {
    ...PENDING,
    id: 'pending.poll-unknown',
    why: 'A ticket that names nothing comes to nothing: it must not be asked for ever.',
    async run(scene) {
      const { ticket } = await opened(scene)
      const outcome = await scene.port.poll?.({ ticket: impossibleId(ticket) })
      demand(
        outcome?.kind === 'failed' || outcome?.kind === 'expired',
        `poll of a ticket that names nothing says ${outcome?.kind}`,
      )
    },
  },
  {
    ...PENDING,
    id: 'pending.cancel',
    why: 'What was withdrawn never becomes an account.',
    async run(scene) {
      const { ticket } = await opened(scene)
      const { cancel } = scene.port
      skipUnless(cancel !== undefined, 'the app withdraws no jobs')
      const said = await cancel(ticket)
      demand(said.kind === 'ok', `cancel of an open one says ${said.kind}`)
      const outcome = await scene.port.poll?.({ ticket })
      demand(
        outcome?.kind === 'expired' || outcome?.kind === 'failed',
        `after cancel, poll says ${outcome?.kind}`,
      )
    },
  },
  {
    ...PENDING,
    id: 'pending.cancel-again',
    why: 'Withdrawing what was withdrawn is no failure: it is repeated after a crash.',
    async run(scene) {
      const { ticket } = await opened(scene)
      const { cancel } = scene.port
      skipUnless(cancel !== undefined, 'the app withdraws no jobs')
      await cancel(ticket)
      const said = await cancel(ticket)
      demand(said.kind === 'unchanged' || said.kind === 'gone', `cancel again says ${said.kind}`)
    },
  },
  {
    ...PENDING,
    id: 'pending.expired',
    why: 'An invitation that nobody accepted in time is over.',
    async run(scene) {
      const open = await opened(scene)
      const { expire } = scene.subject.hands
      skipUnless(open.invited, 'jobs do not expire')
      skipUnless(expire !== undefined, 'nobody here can let an invitation expire')
      await expire(open.ticket)
      const outcome = await scene.port.poll?.({ ticket: open.ticket })
      demand(outcome?.kind === 'expired', `poll of an expired one says ${outcome?.kind}`)
    },
  },
]
