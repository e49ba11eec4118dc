/** What begins and passes by itself: modes that end, and apps that answer again. */
import { modeOf } from '../access/mode.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import { Findings } from '../db/findings.ts'
import { type PassingFinding, passed, passingFindings, stillHolds } from '../db/passing.ts'
import { errorName } from '../log/error-name.ts'
import { nameOf } from './each-connection.ts'
import { endpointOf } from './endpoint.ts'
import type { DataJobs, Jobs } from './jobs.ts'

/** Of each database. */
const MODES = 20
/** Each may cost a call of the app; an invocation has six connections at a time. */
const FINDINGS = 6
/** Requests that fail refresh the finding once a minute: what is younger is no news. */
const QUIET_MS = 60_000
/** Apps lock an account whose credential is refused again and again. */
const QUIET_WHILE_REFUSED_MS = 5 * 60_000
/** A right to write that is missing does not show in a read: time has to tell. */
const QUIET_WITHOUT_RIGHTS_MS = 3_600_000

/**
 * A connection whose `observe` or `gate` has ended says so: a finding, and the mode `paused` that it
 * has had since. The finding comes first, so that a crash between the two repeats it.
 */
export async function endModes(jobs: Jobs): Promise<void> {
  const { io, access, connections, data, openData } = jobs
  const now = io.now()
  // Of each database for itself: those of one that fails, which stay, hold up no others.
  const ended = await Promise.all(
    data.all().map(({ binding }) => connections.endedModes(binding, now, MODES)),
  )
  for (const row of ended.flat()) {
    await logged(jobs, row.id, async () => {
      const connection = await access.byId(row.id)
      if (!connection) return
      const findings = new Findings(openData(connection), row.id)
      const detail = { mode: row.mode, until: new Date(row.modeUntil ?? now).toISOString() }
      await findings.report(io.newId(), 'mode-ended', row.id, detail, now)
      await connections.change(row, { mode: 'paused' }, {}, now)
    })
  }
}

/** Closes findings whose cause is over. */
export async function closePassed(jobs: DataJobs): Promise<void> {
  const { db, io } = jobs
  const now = io.now()
  const before = {
    other: now - QUIET_MS,
    auth: now - QUIET_WHILE_REFUSED_MS,
    forbidden: now - QUIET_WITHOUT_RIGHTS_MS,
  }
  const found = await passingFindings(db, before, FINDINGS)
  await Promise.all(
    found.map((finding) =>
      logged(jobs, finding.connection, async () => {
        const why = await whyPassed(jobs, finding)
        if (why) await passed(db, finding, why)
        else await stillHolds(db, finding, now)
      }),
    ),
  )
}

/** Undefined: it holds still. */
async function whyPassed(jobs: Jobs, finding: PassingFinding): Promise<string | undefined> {
  const { access, io } = jobs
  const connection = await access.byId(finding.connection)
  if (!connection) return 'the connection is gone'
  switch (finding.kind) {
    case 'mode-ended':
      return modeOf(connection, io.now()) === 'paused' ? undefined : 'another mode was set'
    case 'app-credential':
    case 'app-failing': {
      const [type = ''] = connection.definitions.keys()
      try {
        // Its secrets may not open, or its adapter not fit: that holds as well as a refusal does.
        const endpoint = await endpointOf(jobs, connection, type, 'scan')
        await endpoint?.port.list({ pageSize: 1 })
        return 'the app answers again'
      } catch (error) {
        if (!(error instanceof AdapterFailure)) throw error
        return undefined
      }
    }
  }
}

/** One connection's accident must not keep the others waiting. */
async function logged(jobs: Jobs, id: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const name = errorName(error)
    const connection = await nameOf(jobs.connections, id)
    jobs.log({ event: 'passing.failed', connection, error: name })
  }
}
