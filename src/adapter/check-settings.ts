/** Whether settings are what an adapter takes, and where they lead. */
import type * as z from 'zod'
import type { Adapter } from './contract.ts'

export interface SettingsIssue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

export type SettingsCheck =
  | { readonly ok: false; readonly issues: readonly SettingsIssue[] }
  /** `baseUrl` is for the caller to allow or refuse; absent where there is no app to call. */
  | { readonly ok: true; readonly baseUrl?: string; readonly certificate?: string | undefined }

/** A key that the adapter does not know is an issue: a typo would look like a setting. */
export function checkSettings(
  {
    settings,
    baseUrl,
    certificate,
  }: { readonly settings: z.ZodType } & Partial<Pick<Adapter<never>, 'baseUrl' | 'certificate'>>,
  given: Readonly<Record<string, unknown>>,
): SettingsCheck {
  const parsed = settings.safeParse(given)
  if (!parsed.success) return { ok: false, issues: issuesOf(parsed.error) }
  const known: unknown = parsed.data
  if (typeof known === 'object' && known !== null) {
    // zod's plain objects leave unknown keys out silently.
    const unknown = Object.keys(given).filter((key) => !Object.hasOwn(known, key))
    if (unknown.length > 0) return { ok: false, issues: unknown.map((key) => unknownKey([key])) }
  }
  return {
    ok: true,
    ...(baseUrl && { baseUrl: baseUrl(known as never) }),
    ...(certificate && { certificate: certificate(known as never) }),
  }
}

/** What zod found; an unknown key is an issue at its own path. */
export function issuesOf(error: z.ZodError): SettingsIssue[] {
  return error.issues.flatMap((issue): SettingsIssue[] => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
    return issue.keys.map((key) => unknownKey([...path, key]))
  })
}

const unknownKey = (path: readonly (string | number)[]): SettingsIssue => ({
  path,
  message: 'unknown key',
})
