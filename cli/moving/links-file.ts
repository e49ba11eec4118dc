/** Links as a file: CSV, JSON, or the NDJSON that `postern links export` writes. */
import { readFile } from 'node:fs/promises'
import { parseCsv } from '../../src/admin/parse-csv.ts'
import { CommandError } from '../command.ts'

/** As the admin API takes it, which checks it. */
export type LinkItem = Readonly<Record<string, unknown>>

const COLUMNS = ['type', 'id', 'nativeId', 'externalId'] as const
const NEEDED = ['id', 'nativeId'] as const

/** @throws {CommandError} */
export async function readLinks(file: string): Promise<LinkItem[]> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new CommandError(`${file} cannot be read`, (cause as Error).message, { cause })
  }
  try {
    return parseLinks(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new CommandError(
      `${file} is no list of links: ${cause.message}`,
      `give CSV with the columns ${COLUMNS.join(', ')}, a JSON array, or one JSON object a line`,
      { cause },
    )
  }
}

/** @throws {SyntaxError} */
export function parseLinks(text: string): LinkItem[] {
  const source = text.replace(/^\uFEFF/, '').trim()
  if (source.startsWith('[')) return objectsOf(JSON.parse(source))
  if (!source.startsWith('{')) return parseTable(source)
  // One object over many lines is `{ "items": [...] }`; else each line is one link.
  const lines = source.split(/\r?\n/).filter((line) => line.trim() !== '')
  if (isJson(lines[0] ?? '')) {
    const values = lines.map((line, at) => parseLine(line, at + 1))
    const [only] = values
    return values.length === 1 && isList(only) ? objectsOf(only.items) : objectsOf(values)
  }
  return objectsOf((JSON.parse(source) as { items?: unknown }).items)
}

const isList = (value: unknown): value is { items: unknown } =>
  typeof value === 'object' && value !== null && 'items' in value

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new SyntaxError(`line ${number} is not well-formed JSON`)
  }
}

function objectsOf(values: unknown): LinkItem[] {
  if (!Array.isArray(values)) throw new SyntaxError('it holds no list')
  const broken = values.findIndex((value) => typeof value !== 'object' || value === null)
  if (broken >= 0) throw new SyntaxError(`entry ${broken + 1} is no object`)
  return values as LinkItem[]
}

function parseTable(text: string): LinkItem[] {
  const [head = [], ...rows] = parseCsv(text)
  const columns = head.map((name) => {
    const column = COLUMNS.find((one) => one.toLowerCase() === name.trim().toLowerCase())
    if (!column) throw new SyntaxError(`there is no column "${name}"`)
    return column
  })
  const missing = NEEDED.filter((name) => !columns.includes(name))
  if (missing.length > 0) throw new SyntaxError(`it has no column ${missing.join(', ')}`)
  return rows.map((row) =>
    // An empty cell says nothing.
    Object.fromEntries(columns.flatMap((name, at) => (row[at] ? [[name, row[at]]] : []))),
  )
}
