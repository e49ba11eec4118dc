/** The adapter that a command line names: one of the build, or a manifest file. */
import { adapters } from '../../adapters/index.ts'
import type { Adapter } from '../../src/adapter/contract.ts'
import { compileAny } from '../../src/adapter/manifest/kinds.ts'
import { nearest, UsageError } from '../command.ts'
import { readManifestFile } from '../manifest-file.ts'
import { folderOf } from './folder.ts'

export interface Loaded {
  /** Makes the adapter anew: tokens that a manifest's adapter holds are of one connection. */
  readonly load: () => Adapter
  /** Of an adapter that is not part of the build: a gateway has to be told it. */
  readonly manifest?: unknown
}

/** @throws {CommandError} where the file is none, or is no manifest */
export async function loadAdapter(named: string): Promise<Loaded> {
  const built = adapters.get(named)
  if (built) {
    const { manifest: own } = folderOf(named, named)
    if (own === undefined) return { load: () => built }
    const { manifest } = await readManifestFile(own)
    return { load: () => compileAny(manifest) }
  }
  if (!/[./]/.test(named)) {
    const names = [...adapters.keys()]
    const near = nearest(named, names)
    const guess = near === undefined ? '' : `did you mean ${near}? `
    throw new UsageError(
      `there is no adapter ${named}`,
      `${guess}one of ${names.join(', ')}, or a file such as my-desk.manifest.json`,
    )
  }
  const { manifest, document } = await readManifestFile(named)
  const load = () => compileAny(manifest)
  return { load, manifest: document }
}
