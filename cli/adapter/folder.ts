/** Where an adapter's README, notes and recordings are. */
import { existsSync, globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { NO_NOTES, type Notes, notesSchema } from '../../src/adapter/kit/subject.ts'
import { CommandError } from '../command.ts'

const ADAPTERS = path.resolve(import.meta.dirname, '../../adapters')

export interface AdapterFolder {
  readonly folder: string
  readonly readme: string
  readonly recordings: string
  /** A built-in adapter's own manifest, where it is one. */
  readonly manifest: string | undefined
}

/** @param named as on the command line: a built-in adapter, or a manifest file */
export function folderOf(named: string, name: string): AdapterFolder {
  const isFile = /[./]/.test(named)
  const [own] = globSync(`*/${name}.manifest.json`, { cwd: ADAPTERS })
  const folder = isFile
    ? path.dirname(path.resolve(named))
    : existsSync(path.join(ADAPTERS, name))
      ? path.join(ADAPTERS, name)
      : path.join(ADAPTERS, own === undefined ? (name.split('-', 1)[0] ?? name) : path.dirname(own))
  const isMain = path.basename(folder) === name
  return {
    folder,
    readme: path.join(folder, 'README.md'),
    recordings: path.join(folder, 'recordings', ...(isMain ? [] : [name])),
    manifest: isFile ? path.resolve(named) : own && path.join(ADAPTERS, own),
  }
}

/** `kit.json` beside the adapter; one for each where a folder holds several: `<name>.kit.json`. */
export async function readNotes({ folder }: AdapterFolder, name: string): Promise<Notes> {
  const file = [`${name}.kit.json`, 'kit.json']
    .map((one) => path.join(folder, one))
    .find((one) => existsSync(one))
  if (file === undefined) return NO_NOTES
  try {
    return notesSchema.parse(JSON.parse(await readFile(file, 'utf8'))) as Notes
  } catch (cause) {
    throw new CommandError(`${file} is no notes for the kit`, (cause as Error).message, { cause })
  }
}
