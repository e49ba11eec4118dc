/** What the app is told beside its pairs: constants, and expressions over the client's view. */
import type { AttributeSpec } from '../adapter/contract.ts'
import type { WrittenOneWay } from '../adapter/mapping-entry.ts'
import { ScimError } from '../scim/error.ts'
import type { Json, Resource, ResourceDefinition } from '../scim/schema.ts'
import { ExpressionFault, evaluate } from './expression.ts'
import { scimValue } from './scim-value.ts'
import { withoutSecrets } from './shadow.ts'

export interface OneWay {
  /** As the mapping has it. */
  readonly key: string
  /** The app's own attribute name. */
  readonly app: string
  readonly spec: AttributeSpec
  readonly apply: 'always' | 'create'
  readonly clear: 'null' | 'empty' | 'keep'
  /**
   * The app's form for this view; undefined: none.
   *
   * @throws {ScimError} `invalidValue` where the expression fails, or gives what the app cannot hold
   */
  readonly valueFor: (view: Resource) => Promise<Json | undefined>
}

export function toOneWay(
  definition: ResourceDefinition,
  key: string,
  app: string,
  { from, value, apply = 'always', clear }: WrittenOneWay,
  spec: AttributeSpec,
): OneWay {
  return {
    key,
    app,
    spec,
    apply,
    clear: clear ?? (spec.clearable === false ? 'keep' : 'null'),
    valueFor: async (view) => {
      if (from === undefined) return scimValue(value)
      try {
        const made = scimValue(await evaluate(from, withoutSecrets(definition, view)))
        return made === undefined ? undefined : fitting(spec, made)
      } catch (error) {
        if (error instanceof ExpressionFault) throw unfit(app, error.message)
        throw error
      }
    },
  }
}

/** One value for an attribute that holds several is a list of one: JSONata makes no difference. */
function fitting(spec: AttributeSpec, value: Json): Json {
  if (!spec.multiValued) return refuseOther(spec, value)
  return (Array.isArray(value) ? value : [value]).map((one) => refuseOther(spec, one))
}

function refuseOther({ type }: AttributeSpec, value: Json): Json {
  const given = Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value
  const wanted = type === 'datetime' ? 'string' : type
  if (given === wanted) return value
  throw new ExpressionFault(`The expression gives a ${given} where a ${wanted} is needed`)
}

function unfit(app: string, why: string): ScimError {
  return new ScimError(
    'invalidValue',
    `The app's attribute "${app}" cannot be made of this resource: ${why}. Correct what it is made ` +
      'of in the source directory, or let an administrator of this connection correct its mapping.',
  )
}
