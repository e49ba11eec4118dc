/** Fields of forms, each with its label, its hint and what is wrong with it. */
import type { Child } from 'hono/jsx'

interface Described {
  readonly id: string
  readonly label: string
  readonly hint?: string | undefined
  readonly error?: string | undefined
  readonly optional?: boolean | undefined
}

interface FieldProps extends Described {
  /** Gets the ids of what describes the field. */
  readonly control: (described: Readonly<Record<string, string>>) => Child
}

export function Field({ id, label, hint, error, optional, control }: FieldProps) {
  const ids = [...(hint ? [`${id}-hint`] : []), ...(error ? [`${id}-error`] : [])]
  return (
    <div class="field">
      <label for={id}>
        {label}
        {optional && <span class="quiet"> (optional)</span>}
      </label>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="error" id={`${id}-error`}>
          {error}
        </p>
      )}
      {control({
        ...(ids.length > 0 && { 'aria-describedby': ids.join(' ') }),
        ...(error && { 'aria-invalid': 'true' }),
      })}
    </div>
  )
}

interface TextFieldProps extends Described {
  /** Left out: the id. */
  readonly name?: string
  readonly type?: 'text' | 'url'
  readonly maxlength?: number
  readonly value: string
}

/** A name, a label, an address: nothing that a browser should mend or remember. */
export function TextField(props: TextFieldProps) {
  const { id, name = id, type = 'text', optional, maxlength = 200, value } = props
  return (
    <Field
      {...props}
      control={(described) => (
        <input
          {...{ id, name, type, maxlength, value, required: !optional, ...described }}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
      )}
    />
  )
}

/** Never filled in by the page. */
export function SecretField(props: Described) {
  const { id, optional } = props
  return (
    <Field
      {...props}
      control={(described) => (
        <input
          {...{ id, name: id, type: 'password', required: !optional, ...described }}
          autocomplete="off"
        />
      )}
    />
  )
}

/** Several values, one a line. */
export function LinesField(props: Described & { readonly value: string }) {
  const { id, value } = props
  return (
    <Field
      {...props}
      control={(described) => (
        <textarea {...{ id, name: id, rows: 2, ...described }} class="short" spellcheck={false}>
          {`\n${value}`}
        </textarea>
      )}
    />
  )
}

interface SelectFieldProps extends Described {
  /** Left out: the id. */
  readonly name?: string
  readonly value: string | undefined
  readonly options: readonly (readonly [value: string, text: string])[]
}

export function SelectField(props: SelectFieldProps) {
  const { id, name = id, value, options } = props
  return (
    <Field
      {...props}
      control={(described) => (
        <select {...{ id, name, ...described }}>
          {options.map(([option, text]) => (
            <option value={option} selected={option === value}>
              {text}
            </option>
          ))}
        </select>
      )}
    />
  )
}

/** A box to be ticked. */
export function Tick({
  id,
  name = id,
  value = 'yes',
  isOn = false,
  children,
}: {
  id: string
  name?: string
  value?: string
  isOn?: boolean
  children: Child
}) {
  return (
    <div class="check">
      <input {...{ id, name, type: 'checkbox', value, checked: isOn }} />
      <label for={id}>{children}</label>
    </div>
  )
}

/** Of what ends by itself. */
export function LastDay({ value, error }: { value: string; error: string | undefined }) {
  return (
    <Field
      id="expiresAt"
      label="Last day"
      hint="Nobody is asked before it ends: put the day into your calendar."
      error={error}
      optional
      control={(described) => (
        <input id="expiresAt" name="expiresAt" type="date" value={value} {...described} />
      )}
    />
  )
}
