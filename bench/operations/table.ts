/** One operation's figures, and the table that people read. */
export interface Row {
  readonly operation: string
  /** Means of one request at one connection; the audit's batches are shared by requests. */
  readonly appCalls: number
  readonly d1Trips: number
  /** Of the trips, those that wrote. */
  readonly d1Writing: number
  readonly rowsRead: number
  readonly rowsWritten: number
  /** Milliseconds at one connection. */
  readonly c1: { readonly p50: number; readonly p99: number }
  /** Milliseconds and requests a second at sixteen. */
  readonly c16: { readonly p50: number; readonly p99: number; readonly rps: number }
  /** CPU of workerd for a request at sixteen connections: the gateway and its D1. */
  readonly cpuMs: number
  /** Requests a second, against a bare Worker with the same calls and trips. */
  readonly floorRatio: number
  readonly floor: { readonly p50: number; readonly rps: number; readonly cpuMs: number }
  /** With an app that takes 50 ms: milliseconds at one connection, requests a second at sixteen. */
  readonly app50ms: {
    readonly p50: number
    readonly p99: number
    readonly rps: number
    /** Medians of the floor, and of the calls alone, one after the other. */
    readonly floorP50: number
    readonly appP50: number
  }
}

const HEAD = [
  'operation',
  'app calls',
  'D1 trips',
  'rows read / written',
  'ms at 1, p50 / p99',
  'ms at 16',
  'requests/s',
  'of the floor',
  'CPU ms (floor)',
  'app of 50 ms: p50 / p99, requests/s',
  'over the app (floor)',
]

export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    row.operation,
    count(row.appCalls),
    count(row.d1Trips),
    `${count(row.rowsRead)} / ${count(row.rowsWritten)}`,
    `${row.c1.p50.toFixed(1)} / ${row.c1.p99.toFixed(1)}`,
    `${row.c16.p50.toFixed(1)} / ${row.c16.p99.toFixed(1)}`,
    row.c16.rps.toFixed(0),
    row.floorRatio.toFixed(2),
    `${row.cpuMs.toFixed(1)} (${row.floor.cpuMs.toFixed(1)})`,
    `${row.app50ms.p50.toFixed(1)} / ${row.app50ms.p99.toFixed(1)}, ${row.app50ms.rps.toFixed(0)}`,
    overTheApp(row.app50ms),
  ])
  const all = [HEAD, ['---', ...HEAD.slice(1).map(() => '--:')], ...lines]
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const overTheApp = ({ p50, floorP50, appP50 }: Row['app50ms']): string =>
  `${(p50 - appP50).toFixed(1)} (${(floorP50 - appP50).toFixed(1)})`

/** To a tenth, where it is no whole number. */
const count = (n: number): string => String(Math.round(n * 10) / 10)
