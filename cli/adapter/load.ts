/** The adapter that a command line names: one of the build, a manifest file, or a module of its own. */
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { adapters } from '../../adapters/index.ts'
import type { Adapter } from '../../src/adapter/contract.ts'
import { compileAny } from '../../src/adapter/manifest/kinds.ts'
import { CommandError, nearest, UsageError } from '../command.ts'
import { readManifestFile } from '../manifest-file.ts'
import { folderOf } from './folder.ts'

export interface Loaded {
  /** Makes the adapter anew: tokens that a manifest's adapter holds are of one connection. */
  readonly load: () => Adapter
  /** Of an adapter that is not part of the build: a gateway has to be told it. */
  readonly manifest?: unknown
  /** True: code that no gateway has, until it is bound or built in. */
  readonly isModule?: boolean
}

/** @throws {CommandError} where the file is none, or holds no adapter */
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
      `${guess}one of ${names.join(', ')}, or a file such as my-desk.manifest.json or adapter.ts`,
    )
  }
  if (/\.[cm]?[jt]s$/.test(named)) return { load: await moduleAdapter(named), isModule: true }
  const { manifest, document } = await readManifestFile(named)
  const load = () => compileAny(manifest)
  return { load, manifest: document }
}

/** What `defineAdapter` was given, by whatever name the module exports it. */
async function moduleAdapter(file: string): Promise<() => Adapter> {
  let exported: Record<string, unknown>
  try {
    exported = await import(pathToFileURL(path.resolve(file)).href)
  } catch (cause) {
    const advice = `${(cause as Error).message}; keep the adapter apart from its Worker's entrypoint`
    throw new CommandError(`${file} cannot be loaded`, advice, { cause })
  }
  const [adapter, second] = Object.values(exported).filter(isAdapter)
  if (!adapter || second) {
    const found = adapter ? 'several adapters' : 'no adapter'
    throw new CommandError(`${file} exports ${found}`, 'export one value of defineAdapter')
  }
  return () => adapter
}

function isAdapter(value: unknown): value is Adapter {
  const { contract, connect } = (value ?? {}) as Partial<Adapter>
  return contract === 1 && typeof connect === 'function'
}
