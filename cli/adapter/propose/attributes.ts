/** The attributes that a manifest needs: what SCIM has a word for, and what the app insists on. */
import type { Shape } from '../openapi/shape.ts'
import { fold, type Kind, pairsOf, SECRET } from './words.ts'

type Json = Readonly<Record<string, unknown>>

export interface ProposedAttributes {
  readonly attributes: Readonly<Record<string, Json>>
  readonly mapping: Readonly<Record<string, unknown>>
  /** Name of the attribute that people sign in with, or groups go by. */
  readonly naming: string | undefined
  /** Members of the app's objects that are left out. */
  readonly unused: readonly string[]
  /** What a create insists on and nothing fills. */
  readonly unfilled: readonly string[]
}

interface Leaf {
  readonly name: string
  readonly at: string
  readonly shape: Shape
  readonly isNested: boolean
}

/** Scalars, one level of objects deep: `profile.firstName`. */
function leavesOf(shape: Shape): Leaf[] {
  return Object.entries(shape.properties).flatMap(([name, inner]): Leaf[] => {
    if (inner.type !== 'object') return [{ name, at: `/${name}`, shape: inner, isNested: false }]
    return Object.entries(inner.properties).flatMap(([part, one]) =>
      one.type === 'object' || one.type === 'array'
        ? []
        : [{ name: `${name}_${part}`, at: `/${name}/${part}`, shape: one, isNested: true }],
    )
  })
}

const isName = (name: string) => /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name)
const lastOf = (at: string) => at.slice(at.lastIndexOf('/') + 1)

/**
 * @param shown what a read shows
 * @param taken what create and update take
 * @param id pointer to the native id, which is no attribute unless it is the name
 */
export function proposeAttributes(
  kind: Kind,
  shown: Shape,
  taken: { readonly create: Shape; readonly update: Shape },
  { id, idIsName }: { readonly id: string; readonly idIsName: boolean },
): ProposedAttributes {
  const written = [...leavesOf(taken.create), ...leavesOf(taken.update)]
  const leaves = [
    ...leavesOf(shown),
    // What is only written is an attribute too, unless it is a secret.
    ...written.filter((one) => Object.keys(shown.properties).length === 0 && !isSecret(one.name)),
  ]
    .filter(({ name, at }) => isName(name) && (at !== id || idIsName))
    // What is further in may be somebody else's: `{ "login": ..., "boss": { "login": ... } }`.
    .sort((a, b) => Number(a.isNested) - Number(b.isNested))
  const attributes: Record<string, Json> = {}
  const mapping: Record<string, unknown> = {}
  const used = new Set<string>()
  for (const [scim, words] of pairsOf(kind)) {
    const leaf = words
      .flatMap((word) => leaves.filter((one) => fold(lastOf(one.at)) === word))
      .find((one) => !used.has(one.at) && one.shape.type !== 'array')
    if (!leaf) continue
    used.add(leaf.at)
    mapping[scim] = leaf.name
    attributes[leaf.name] = declaration(leaf, taken)
  }
  if (kind === 'User') addMailList(leaves, used, attributes, mapping)
  const naming = nameOf(kind, mapping)
  if (kind === 'User' && mapping['userName'] === undefined && naming !== undefined) {
    mapping['userName'] = naming
    delete mapping['emails[type eq "work"].value']
  }
  if (naming !== undefined) {
    attributes[naming] = { ...attributes[naming], required: true, unique: true, clearable: false }
  }
  return {
    attributes,
    mapping,
    naming,
    unused: leaves.filter((one) => !used.has(one.at)).map(({ name }) => name),
    unfilled: taken.create.required.filter(
      (name) => !leaves.some((leaf) => used.has(leaf.at) && leaf.at.split('/')[1] === name),
    ),
  }
}

const isSecret = (name: string) => SECRET.test(fold(name))

function nameOf(kind: Kind, mapping: Readonly<Record<string, unknown>>): string | undefined {
  const scim = kind === 'User' ? ['userName', 'emails[type eq "work"].value'] : ['displayName']
  const found = scim.map((path) => mapping[path]).find((name) => name !== undefined)
  return typeof found === 'string' ? found : undefined
}

function declaration({ name, at, shape, isNested }: Leaf, taken: { create: Shape; update: Shape }) {
  const [first = ''] = at.slice(1).split('/')
  const isRequired = taken.create.required.includes(first)
  const inCreate = Object.hasOwn(taken.create.properties, first)
  const inUpdate = Object.hasOwn(taken.update.properties, first)
  const knows = Object.keys({ ...taken.create.properties, ...taken.update.properties }).length > 0
  const isNever = shape.readOnly || (knows && !inCreate && !inUpdate)
  // A body that the file leaves out may take anything.
  const onlyAtCreate = !inUpdate && Object.keys(taken.update.properties).length > 0
  const write = isNever ? 'never' : onlyAtCreate ? 'create' : undefined
  return {
    ...(isNested && { at }),
    ...(at !== `/${name}` && !isNested && { at }),
    ...(['integer', 'number'].includes(shape.type) && { type: 'number' }),
    ...(shape.type === 'boolean' && { type: 'boolean' }),
    ...(write && { write }),
    ...(isRequired && { required: true, clearable: false }),
  }
}

/** `emails: ["a@x"]` or `emails: [{ "email": "a@x" }]`, where no single address is there. */
function addMailList(
  leaves: readonly Leaf[],
  used: Set<string>,
  attributes: Record<string, Json>,
  mapping: Record<string, unknown>,
): void {
  const list = leaves.find(
    (one) => one.shape.type === 'array' && /^e?mail(s|addresses)$/.test(fold(one.name)),
  )
  if (!list || mapping['emails[type eq "work"].value'] !== undefined) return
  const inner = Object.keys(list.shape.items?.properties ?? {}).find((name) =>
    /^(email|mail|value|address|emailaddress)$/.test(fold(name)),
  )
  used.add(list.at)
  mapping['emails.value'] = list.name
  attributes[list.name] = { multiValued: true, ...(inner !== undefined && { each: `/${inner}` }) }
}
