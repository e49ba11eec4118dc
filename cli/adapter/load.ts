/** The adapter that a command line names: one of the build, or a manifest file. */
import { adapters } from '../../adapters/index.ts'
import type { Adapter } from '../../src/adapter/contract.ts'
import { compileManifest } from '../../src/adapter/manifest/compile.ts'
import { nearest, UsageError } from '../command.ts'
import { readManifestFile } from '../manifest-file.ts'

/**
 * Each call makes the adapter anew: tokens that a manifest's adapter holds are of one connection.
 *
 * @throws {CommandError} where the file is none, or is no manifest
 */
export async function loadAdapter(named: string): Promise<() => Adapter> {
  const built = adapters.get(named)
  if (built) return () => built
  if (!/[./]/.test(named)) {
    const names = [...adapters.keys()]
    const near = nearest(named, names)
    const guess = near === undefined ? '' : `did you mean ${near}? `
    throw new UsageError(
      `there is no adapter ${named}`,
      `${guess}one of ${names.join(', ')}, or a file such as my-desk.manifest.json`,
    )
  }
  const { manifest } = await readManifestFile(named)
  return () => compileManifest(manifest) as unknown as Adapter
}
