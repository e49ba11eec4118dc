/** The people of the benches: accounts of a brownfield app, and the export of the directory. */
import type { Account } from '../../examples/legacy-app/store.ts'

export const loginOf = (i: number) => `person.${i}@fernhollow.example`

export function accountOf(i: number): Account {
  const created_on = new Date(Date.UTC(2015, 0, 1) + i * 60_000).toISOString()
  return {
    account_no: 1_000_000 + i,
    // One in ten differs in letter case from what the directory says.
    login: i % 10 === 0 ? loginOf(i).toUpperCase() : loginOf(i),
    first_name: `First${i}`,
    last_name: `Last${i}`,
    mail: loginOf(i),
    job_title: 'Librarian',
    org_unit: 'Reading Rooms',
    phone: null,
    role: 'staff',
    state: 'enabled',
    created_on,
    updated_on: created_on,
  }
}

/** As Graph answers. */
export const userOf = (userPrincipalName: string, i: number) => ({
  id: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
  userPrincipalName,
  mail: userPrincipalName,
  mailNickname: userPrincipalName.split('@')[0],
  displayName: `First${i} Last${i}`,
  givenName: `First${i}`,
  surname: `Last${i}`,
  jobTitle: 'Librarian',
  department: 'Reading Rooms',
  accountEnabled: true,
})

/** The app's state file. */
export const stateOf = (accounts: readonly Account[]): string =>
  JSON.stringify({ accounts, teams: [], next_account_no: 9_000_000, next_team_no: 11 })
