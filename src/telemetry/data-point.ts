/** A request as a data point of Workers Analytics Engine. Pure; docs/metrics.md has the columns. */
import type { Line } from '../log/events.ts'

export type Answered = Extract<Line, { event: 'scim.request' }>

/** In the order of the columns `blob1`, `blob2` ... and `double1`, `double2` ... */
export const BLOBS = ['connection', 'method', 'endpoint', 'op', 'outcome', 'decision'] as const
export const DOUBLES = [
  'status',
  'ms',
  'appCalls',
  'appFailed',
  'appMs',
  'd1Trips',
  'd1Ms',
] as const

export interface DataPoint {
  /** What is sampled by: the connection. 96 bytes at the most. */
  readonly indexes: string[]
  readonly blobs: string[]
  readonly doubles: number[]
}

export function dataPointOf(line: Answered): DataPoint {
  return {
    indexes: [line.connection],
    blobs: BLOBS.map((name) => line[name]),
    doubles: DOUBLES.map((name) => line[name]),
  }
}
