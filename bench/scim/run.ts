/**
 * Filter and PATCH beside the public JavaScript libraries: `node bench/scim/run.ts`. A library that
 * comes to another result than ours is not compared in that row.
 */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { FILTER_CONTESTANTS, PATCH_CONTESTANTS } from './contestants.ts'
import type { Measured } from './measure.ts'

/** Each library has its turns between those of the others, so that a busy hour is busy for all. */
const TURNS = 3

const measureScript = path.join(import.meta.dirname, 'measure.ts')
const names = [...new Set([...FILTER_CONTESTANTS, ...PATCH_CONTESTANTS].map(({ name }) => name))]

/** By library, then by piece of work: the best of its turns. */
const best = new Map<string, Map<string, Measured>>(names.map((name) => [name, new Map()]))
for (let turn = 0; turn < TURNS; turn++) {
  for (const [name, rows] of best) {
    const output = execFileSync(process.execPath, [measureScript, name], { encoding: 'utf8' })
    for (const measured of JSON.parse(output) as Measured[]) {
      const known = rows.get(measured.work)
      if (!known || measured.microseconds < known.microseconds) rows.set(measured.work, measured)
    }
  }
}

const [ours = '', ...others] = names
console.log(`| work | ${ours}, µs | ${others.map((o) => `${o}, µs (ratio)`).join(' | ')} |`)
console.log(`|---|--:|${others.map(() => '--:|').join('')}`)
for (const [work, own] of best.get(ours) ?? []) {
  const cells = others.map((other) => {
    const theirs = best.get(other)?.get(work)
    if (!theirs) return ''
    if (theirs.result !== own.result) return 'other result'
    return `${figure(theirs.microseconds)} (${figure(theirs.microseconds / own.microseconds)}x)`
  })
  console.log(`| ${work} | ${figure(own.microseconds)} | ${cells.join(' | ')} |`)
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
