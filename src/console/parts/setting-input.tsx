import type { SettingField } from '../forms/settings-form.ts'
import { labelOf } from '../words.ts'
import { Field } from './fields.tsx'

interface Props {
  readonly field: SettingField
  /** Of which it is a member, as the admin API has it. */
  readonly within?: string
  /** As text; of a box that is ticked, anything. */
  readonly value: string
  /** True: a box without a value is not ticked, whatever holds by itself. */
  readonly isSet?: boolean
  readonly error: string | undefined
}

/** One member of settings, or of a policy, as a field of a form. */
export function SettingInput({ field, within = 'settings', value, isSet = false, error }: Props) {
  const { name, kind, isRequired, options, fallback, hint } = field
  const id = `${within}.${name}`
  const label = field.label ?? labelOf(name)
  // A box and a choice show it themselves.
  const isShown = kind === 'boolean' || kind === 'choice'
  const own = fallback === undefined || isShown ? undefined : `Left empty: ${fallback}.`
  const words = [hint, own].filter((part) => part !== undefined).join(' ') || undefined
  if (kind === 'boolean') {
    return (
      <div class="check">
        <input
          id={id}
          name={id}
          type="checkbox"
          value="yes"
          checked={value !== '' || (!isSet && fallback === 'true')}
          {...(hint && { 'aria-describedby': `${id}-hint` })}
        />
        <div>
          <label for={id}>{label}</label>
          {hint && (
            <p class="hint" id={`${id}-hint`}>
              {hint}
            </p>
          )}
        </div>
      </div>
    )
  }
  return (
    <Field
      {...{
        id,
        error,
        hint: words,
        label,
        optional: !isRequired && fallback === undefined,
      }}
      control={(described) => {
        const same = { id, name: id, required: isRequired, ...described }
        if (kind === 'choice') {
          return (
            <select {...same}>
              {!isRequired && fallback === undefined && <option value="" />}
              {options.map((option) => (
                <option value={option} selected={option === (value || fallback)}>
                  {option}
                </option>
              ))}
            </select>
          )
        }
        if (kind === 'json') {
          return (
            <textarea {...same} spellcheck={false}>
              {value}
            </textarea>
          )
        }
        return (
          <input
            {...same}
            type={kind === 'number' ? 'number' : kind === 'url' ? 'url' : 'text'}
            {...(kind === 'number' && { step: 'any' })}
            value={value}
            spellcheck={false}
            autocomplete="off"
          />
        )
      }}
    />
  )
}
