/** Who an administrator is, and what they may in which connections: as fields of a form. */
import type { AdministratorView } from '../../admin/administrators.ts'
import type { Refused } from '../ask.ts'
import { LinesField, SelectField, TextField, Tick } from '../parts/fields.tsx'

const ROLES: Readonly<Record<AdministratorView['role'], string>> = {
  auditor: 'looks, and changes nothing',
  operator: 'runs connections',
  owner: 'may everything, administrators included',
}

export const limitOf = (connections: readonly string[] | null): string =>
  connections === null ? 'all' : connections.join(', ') || 'none that is left'

/** The field that a path of the API is entered in. */
export const fieldAt = (path: string): string => path.split('.')[0] ?? path

export function AdministratorFields({
  text,
  refused,
}: {
  text: (name: string) => string
  refused: Refused | undefined
}) {
  const field = (id: string) => ({
    ...{ id, value: text(id) },
    error: refused?.errors.find(({ path }) => fieldAt(path) === id)?.message,
  })
  return (
    <>
      <TextField
        {...field('name')}
        label="Name"
        hint="Behind Cloudflare Access: the name that Access has for them, their e-mail address."
      />
      <SelectField
        {...field('role')}
        label="Role"
        options={Object.entries(ROLES).map(([role, says]) => [role, `${role}: ${says}`])}
      />
      <Tick id="all" isOn={text('all') !== ''}>
        Of all connections
      </Tick>
      <LinesField
        {...field('connections')}
        label="Or of these alone"
        hint="Names of connections, one a line. What reaches across connections is then not theirs."
        optional
      />
    </>
  )
}
