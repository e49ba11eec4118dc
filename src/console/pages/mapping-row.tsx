import type { Child } from 'hono/jsx'
import type { AppAttribute } from '../../admin/connection-adapter.ts'
import { FLOWS, type Flow, type MappingRow } from '../forms/mapping-rows.ts'
import { SelectField, Tick } from '../parts/fields.tsx'

const FLOW_WORDS: Readonly<Record<Flow, string>> = {
  pair: 'both ways',
  expression: 'is made of',
  constant: 'is always',
}

interface Props {
  readonly row: MappingRow
  readonly index: number
  readonly attributes: readonly AppAttribute[]
  readonly errors: readonly string[]
}

/** One entry of a mapping. What a flow has no use for is hidden by the style sheet. */
export function MappingRowFields({ row, index, attributes, errors }: Props) {
  const id = (name: string) => `row.${index}.${name}`
  const described = errors.length > 0 && { 'aria-describedby': id('error'), 'aria-invalid': 'true' }
  const isKnown = row.app === '' || attributes.some(({ name }) => name === row.app)
  const isNew = row.scim === '' && row.app === '' && row.made === ''
  const title = row.scim || (row.app ? `=${row.app}` : 'new entry')
  const hasMore = [row.apply, row.clear, row.values, row.fallback].some((text) => text !== '')
  return (
    <li class="maprow">
      <fieldset>
        <legend class="unseen">{title}</legend>
        <div class="mapcells">
          <Cell id={id('scim')} label="SCIM attribute">
            <input
              id={id('scim')}
              name={id('scim')}
              type="text"
              list="scim-paths"
              maxlength={500}
              autocapitalize="none"
              spellcheck={false}
              autocomplete="off"
              value={row.scim}
              {...(isNew && { placeholder: 'new entry' })}
              {...described}
            />
          </Cell>
          <Cell id={id('app')} label="Attribute of the app">
            <select id={id('app')} name={id('app')} {...described}>
              <option value="">{''}</option>
              {!isKnown && (
                <option value={row.app} selected>
                  {row.app} (the app has none)
                </option>
              )}
              {attributes.map(({ name, type, isMultiValued, write, isRequired }) => (
                <option value={name} selected={name === row.app}>
                  {`${name} · ${isMultiValued ? `${type}s` : type}${isRequired ? ', required' : ''}${
                    write === 'always' ? '' : write === 'create' ? ', at the create' : ', read only'
                  }`}
                </option>
              ))}
            </select>
          </Cell>
          <SelectField
            id={id('flow')}
            label="Flow"
            value={row.flow}
            options={FLOWS.map((flow) => [flow, FLOW_WORDS[flow]])}
          />
        </div>
        <div class="made">
          <Cell id={id('made')} label="Expression (JSONata), or constant">
            <input
              id={id('made')}
              name={id('made')}
              type="text"
              class="code"
              maxlength={20_000}
              autocapitalize="none"
              spellcheck={false}
              autocomplete="off"
              value={row.made}
            />
          </Cell>
        </div>
        {errors.length > 0 && (
          <p class="error" id={id('error')}>
            {errors.join('; ')}
          </p>
        )}
        <details open={hasMore || undefined}>
          <summary>More{hasMore ? '' : ', or take it away'}</summary>
          <div class="mapcells">
            <SelectField
              id={id('apply')}
              label="The app is told"
              value={row.apply}
              options={[
                ['', 'always'],
                ['create', 'at the create alone'],
              ]}
            />
            <SelectField
              id={id('clear')}
              label="No value is told as"
              value={row.clear}
              options={[
                ['', 'as the app allows'],
                ['null', 'cleared (null)'],
                ['empty', 'empty'],
                ['keep', 'nothing: it keeps the old one'],
              ]}
            />
            <div class="paired">
              <Cell id={id('fallback')} label="A create without it sends">
                <input id={id('fallback')} name={id('fallback')} type="text" value={row.fallback} />
              </Cell>
            </div>
          </div>
          <div class="paired">
            <Cell id={id('values')} label="Table of values, as JSON: the app’s to SCIM’s">
              <input
                id={id('values')}
                name={id('values')}
                type="text"
                class="code"
                maxlength={20_000}
                spellcheck={false}
                autocomplete="off"
                {...(isNew && { placeholder: '{"emp": "Employee", "ext": "Guest"}' })}
                value={row.values}
              />
            </Cell>
          </div>
          <Tick id={id('gone')}>Take this entry away</Tick>
        </details>
      </fieldset>
    </li>
  )
}

function Cell({ id, label, children }: { id: string; label: string; children?: Child }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
    </div>
  )
}
