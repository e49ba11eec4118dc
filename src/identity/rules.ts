/** Match rules: which SCIM path is compared with which attribute of the app, how, and when it counts. */
import { alikeForm } from '../adapter/alike.ts'
import type { Mapping } from '../mapping/mapping.ts'
import type { Pair } from '../mapping/pair.ts'
import { getAt, type Path, parsePath, printPath } from '../scim/path.ts'
import { foldCase, type Json, type Resource, type ResourceDefinition } from '../scim/schema.ts'
import type { RuleHit, Unmet } from './decide.ts'
import { normalize, type Step } from './normalize.ts'

/** No app needs more to tell two people apart, and keys are kept. */
const LONGEST_KEY = 1_000

/** As the policy has it. */
export interface WrittenRule {
  readonly scim: string
  readonly app?: string | undefined
  readonly auto: boolean
  readonly tier?: number | undefined
  readonly normalize?: readonly Step[] | undefined
  readonly require?:
    | {
        readonly domainIn?: readonly string[] | undefined
        readonly verifiedInApp?: boolean | undefined
      }
    | undefined
}

export interface MatchRule {
  readonly path: Path
  /** The path's canonical text: what reports name. */
  readonly key: string
  /** Attribute of the app, by the app's own name. */
  readonly app: string
  readonly spec: Pair['spec']
  /** Rules of one tier are asked together; a lower tier comes first. */
  readonly tier: number
  /** False: a hit is for a person to decide. */
  readonly auto: boolean
  readonly steps: readonly Step[]
  /** Folded; undefined: any domain. */
  readonly domainIn: readonly string[] | undefined
  readonly mustBeVerified: boolean
  /** Names path, attribute and normalisation: what keys of a scan are told apart by. */
  readonly kind: string
  /** Names path and normalisation: two requests for one person meet in it, whatever the app holds. */
  readonly claimKind: string
}

/** What the app declares, as far as rules need it. */
export interface Declared {
  readonly naming: string
  readonly attributes: Readonly<Record<string, Pair['spec']>>
}

/**
 * The rules that fit this type, by tier. A path alone is compared with what it is mapped to. The
 * admin API lets no rule in that names nothing; where none is left the adapter's `naming`
 * attribute decides.
 */
export function matchRules(
  match: readonly WrittenRule[],
  definition: ResourceDefinition,
  mapping: Mapping,
  declared: Declared,
): MatchRule[] {
  const rules = match.flatMap((written, at): MatchRule[] => {
    const path = parsePath(definition, written.scim, 'tolerant')
    if (path.kind === 'unknown') return []
    const key = printPath(path)
    const app = written.app ?? mapping.pair(key)?.app
    const spec = app === undefined ? undefined : declared.attributes[app]
    return app === undefined || !spec
      ? []
      : [resolve({ path, key, app, spec }, { ...written, tier: written.tier ?? at + 1 })]
  })
  if (rules.length > 0) return rules.sort((a, b) => a.tier - b.tier)
  const pair = mapping.pairs.find((candidate) => candidate.app === declared.naming)
  return pair ? [plainRule(pair)] : []
}

/** Compares a mapped pair as it is, for whoever asks without a rule. */
export function plainRule(pair: Pair): MatchRule {
  return resolve(pair, { auto: true, tier: 1 })
}

function resolve(
  { path, key, app, spec }: Pick<Pair, 'path' | 'key' | 'app' | 'spec'>,
  { auto, tier, normalize: steps = [], require }: Omit<WrittenRule, 'scim'> & { tier: number },
): MatchRule {
  const domainIn = require?.domainIn?.map(foldCase)
  const folds = foldsBySchema(path)
  // Claims fold where either side does; the schema's own folding needs no name.
  const named = steps.filter((step) => step !== 'lower' || !folds)
  const isFolded = folds || spec.caseExact === true || steps.includes('lower')
  const claimed = isFolded ? named : [...named, 'lower']
  return {
    path,
    key,
    app,
    spec,
    tier,
    auto,
    steps,
    domainIn,
    mustBeVerified: require?.verifiedInApp ?? false,
    kind: [`${key}=${app}`, ...steps, ...(spec.alike ?? []).map((one) => one.join('='))].join('|'),
    claimKind: [key, ...claimed].join('|'),
  }
}

/** The path that a kind of claim is about, for people. */
export function pathOfKind(kind: string): string {
  return kind.replace(/(\|[a-zA-Z]+)+$/, '')
}

/** By tier, the first one to ask first. */
export function tiersOf(rules: readonly MatchRule[]): MatchRule[][] {
  return [...Map.groupBy(rules, (rule) => rule.tier).values()]
}

// ---- keys ----------------------------------------------------------------------------------------

interface Key {
  readonly norm: string
  /** What the key was made of. */
  readonly text: string
}

/**
 * Without letter case where the schema or the app does not mind it: two accounts of an app that does are
 * one name to a client whose schema does not; texts that the app declares `alike` are one to both. A
 * value of several elements has several keys.
 */
export function keysOf(rule: MatchRule, value: Json | undefined): string[] {
  return [...new Set(readKeys(rule, value).map(({ norm }) => norm))]
}

/** As requests meet. */
export function claimKeysOf(rule: MatchRule, resource: Resource): string[] {
  return keysOf(rule, getAt(resource, rule.path))
}

/** Texts that the app can be asked for. */
export function textsOf(value: Json | undefined): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf)
  if (typeof value === 'number') return [String(value)]
  return typeof value === 'string' ? [value] : []
}

function readKeys(rule: MatchRule, value: Json | undefined): Key[] {
  const exact = rule.spec.caseExact === true && !foldsBySchema(rule.path)
  return textsOf(value).flatMap((text) => {
    const bare = alikeForm(rule.spec.alike, normalize(rule.steps, text))
    const norm = exact ? bare : foldCase(bare)
    return norm === '' || norm.length > LONGEST_KEY ? [] : [{ norm, text }]
  })
}

function foldsBySchema(path: Path): boolean {
  return path.kind === 'attribute' && !(path.ref.subAttribute ?? path.ref.attribute).caseExact
}

// ---- conditions ----------------------------------------------------------------------------------

export interface KeyFact {
  readonly norm: string
  /** Conditions of the rule that this side does not meet. */
  readonly unmet: readonly Unmet[]
}

/** Keys that a client gives, each with what speaks against linking by it. */
export function askedKeys(rule: MatchRule, resource: Resource): KeyFact[] {
  return facts(rule, getAt(resource, rule.path), (text) =>
    isListed(rule, text) ? [] : ['domain' as const],
  )
}

/** Keys that an account bears, each with what speaks against linking by it. */
export function heldKeys(rule: MatchRule, attributes: Readonly<Record<string, Json>>): KeyFact[] {
  const { verifiedBy } = rule.spec
  const isVerified =
    !rule.mustBeVerified || (verifiedBy !== undefined && attributes[verifiedBy] === true)
  return facts(rule, attributes[rule.app], (text) => [
    // An app's own name may have no domain: then the client's decides alone.
    ...(!text.includes('@') || isListed(rule, text) ? [] : ['domain' as const]),
    ...(isVerified ? [] : ['not-verified' as const]),
  ])
}

/** What ties this account to what the client gives: one hit for each key that they share. */
export function hitsOf(
  rule: MatchRule,
  resource: Resource,
  attributes: Readonly<Record<string, Json>>,
): RuleHit[] {
  const held = heldKeys(rule, attributes)
  return askedKeys(rule, resource).flatMap((asked) =>
    held.flatMap(({ norm, unmet }) =>
      norm === asked.norm ? [hitOf(rule, asked.unmet, unmet)] : [],
    ),
  )
}

export function hitOf(
  { key, auto }: MatchRule,
  asked: readonly Unmet[],
  held: readonly Unmet[],
): RuleHit {
  return { rule: key, auto, unmet: [...new Set([...asked, ...held])] }
}

/** One fact a key: of the texts that make it, the one with least against it counts. */
function facts(
  rule: MatchRule,
  value: Json | undefined,
  unmetBy: (text: string) => readonly Unmet[],
): KeyFact[] {
  const best = new Map<string, readonly Unmet[]>()
  for (const { norm, text } of readKeys(rule, value)) {
    const unmet = unmetBy(text)
    const known = best.get(norm)
    if (!known || unmet.length < known.length) best.set(norm, unmet)
  }
  return [...best].map(([norm, unmet]) => ({ norm, unmet }))
}

/** The whole domain, not a part of it: `mail.contoso.com` is not `contoso.com`. */
function isListed({ domainIn }: MatchRule, text: string): boolean {
  if (!domainIn) return true
  return (
    text.includes('@') && domainIn.includes(foldCase(text.slice(text.lastIndexOf('@') + 1).trim()))
  )
}
