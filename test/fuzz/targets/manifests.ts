/** Manifests: the real ones made wrong. Each is refused with a path, or compiles and describes itself. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { compileAny, parseAnyManifest } from '../../../src/adapter/manifest/kinds.ts'
import type { Json } from '../../../src/scim/schema.ts'
import { mutatedOf } from '../mutate.ts'
import type { Target } from '../target.ts'

export const REAL = Object.entries(
  import.meta.glob<Json>(
    ['../../../adapters/**/*.manifest.json', '../../../examples/**/*.manifest.json'],
    { eager: true, import: 'default' },
  ),
)

export const manifests: Target<Json> = {
  name: 'manifests',
  async open() {
    if (REAL.length === 0) throw new Error('there are no manifests to change')
    return {
      cases: mutatedOf(fc.constantFrom(...REAL.map(([, document]) => document)), 4),
      async run(document) {
        const parsed = parseAnyManifest(document)
        if (!parsed.success) {
          expect(parsed.error.issues.length).toBeGreaterThan(0)
          for (const { path, message } of parsed.error.issues) {
            expect(Array.isArray(path)).toBe(true)
            expect(message.length).toBeGreaterThan(0)
          }
          return
        }
        const adapter = compileAny(parsed.data)
        expect(adapter.name).toBe((document as { name: string }).name)
        expect(Object.keys(adapter.resources).length).toBeGreaterThan(0)
        for (const given of [{}, { url: 'https://app.example' }, { url: 5 }, null]) {
          const settings = adapter.settings.safeParse(given)
          if (settings.success) expect(typeof adapter.baseUrl(settings.data)).toBe('string')
        }
      },
    }
  },
}
