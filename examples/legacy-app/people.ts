/**
 * The people and teams that Fernhollow Desk held before any gateway came near it. Data, and always
 * the same, so that a simulated identity provider can know the same people.
 *
 * On purpose: upper-case logins and mails, two people who share one mail, suspended accounts,
 * names outside ASCII, a quote and a plus sign in what people are looked up by.
 */
import type { Account, Team } from './store.ts'

type Row = readonly [
  first: string | null,
  last: string,
  login: string,
  /** null: the login, in lower case. The app kept letter case here before it lower-cased mails. */
  mail: string | null,
  title: string | null,
  unit: string | null,
  phone: string | null,
  state?: 'suspended',
]

const ROWS: readonly Row[] = [
  ['Ada', 'Quill', 'ada.quill', null, 'Head Librarian', 'Reading Rooms', '+442079460101'],
  ['Tomas', 'Berg', 'tomas.berg', null, 'Archivist', 'Archive', '+442079460102'],
  ['Zoë', 'Ångström', 'zoe.angstrom', null, 'Conservator', 'Archive', '+46855512003'],
  ['Niamh', "O'Brien", "niamh.o'brien", null, 'Counter Clerk', 'Front Desk', null],
  ['José', 'Núñez', 'JOSE.NUNEZ', null, 'Counter Clerk', 'Front Desk', '+34915550105'],
  ['Łukasz', 'Wójcik', 'lukasz.wojcik', null, 'Systems Engineer', 'Engineering', '+48225550106'],
  ['Hương', 'Nguyễn', 'huong.nguyen', null, 'Systems Engineer', 'Engineering', null],
  ['Marta', 'Silva', 'marta.silva', 'front.desk', 'Shift Lead', 'Front Desk', '+351215550108'],
  ['Owen', 'Pryce', 'owen.pryce', 'front.desk', 'Shift Lead', 'Front Desk', '+442920550109'],
  ['Søren', 'Bjørn', 'soren.bjorn', null, 'Bookbinder', 'Workshop', '+4533550110'],
  ['Priya', 'Raman', 'priya.raman', null, 'Finance Lead', 'Finance', '+914455500111'],
  ['Иван', 'Петров', 'ivan.petrov', null, 'Cataloguer', 'Archive', null],
  ['太郎', '山田', 'taro.yamada', null, 'Cataloguer', 'Archive', '+81355550113'],
  [
    'Grace',
    'Lindqvist',
    'Grace.Lindqvist',
    'Grace.Lindqvist',
    'Director',
    'Direction',
    '+46855500114',
  ],
  ['François', 'Lefèvre', 'francois.lefevre', null, 'Translator', 'Reading Rooms', '+33155500115'],
  ['Elif', 'Yıldız', 'elif.yildiz', null, 'Translator', 'Reading Rooms', null],
  ['Ben', 'Carrow', 'ben.carrow', null, 'Porter', 'Front Desk', null, 'suspended'],
  ['Ingrid', 'Moe', 'ingrid.moe', null, 'Auditor', 'Finance', '+4722550118', 'suspended'],
  ['Callum', 'Fraser', 'callum.fraser', 'callum+desk', 'Porter', 'Front Desk', null],
  ['Ana María', 'del Río', 'anamaria.delrio', null, 'Buyer', 'Finance', '+34915500120'],
  ['Jürgen', 'Groß', 'juergen.gross', null, 'Security Officer', 'Building', '+493055500121'],
  ['Noor', 'Haddad', 'noor.haddad', null, 'Analyst', 'Finance', null],
  ['Kofi', 'Mensah', 'kofi.mensah', null, 'Network Engineer', 'Engineering', '+233305500123'],
  ['Siân', 'Rhys-Jones', 'sian.rhys-jones', null, 'Press Officer', 'Direction', '+442920500124'],
  ['Dmitri', 'Volkov', 'DMITRI.VOLKOV', null, 'Electrician', 'Building', null, 'suspended'],
  ['Mei', 'Tanaka', 'mei.tanaka', null, 'Designer', 'Engineering', '+81355500126'],
  ['Paolo', 'Ricci', 'paolo.ricci', null, 'Bookbinder', 'Workshop', '+39065500127'],
  ['Freya', 'Holm', 'freya.holm', null, 'Bookbinder', 'Workshop', null],
  ['Samuel', 'Adeyemi', 'samuel.adeyemi', null, 'Support Engineer', 'Engineering', '+2345500129'],
  ['Chloé', 'Dubois', 'chloe.dubois', null, 'Events Lead', 'Direction', '+33155500130'],
  [null, 'Okonkwo', 'okonkwo', null, null, null, null],
  ['Rhiannon', 'Lloyd', 'rhiannon.lloyd', null, 'Archivist', 'Archive', '+442920500132'],
  ['Mateusz', 'Żak', 'mateusz.zak', null, 'Driver', 'Building', null],
  ['Leila', 'Farahani', 'leila.farahani', null, 'Legal Counsel', 'Direction', '+442079500134'],
  ['Viktor', 'Szabó', 'viktor.szabo', null, 'Carpenter', 'Workshop', '+3615500135'],
  ['Hana', 'Nováková', 'hana.novakova', null, 'Analyst', 'Finance', '+420225500136'],
  ['Luca', 'Bianchi', 'luca.bianchi', null, 'Intern', 'Reading Rooms', null, 'suspended'],
  ['Aroha', 'Ngata', 'aroha.ngata', null, 'Curator', 'Reading Rooms', '+6445500138'],
  ['Daniel', 'Weiss', 'daniel.weiss', null, 'Curator', 'Reading Rooms', '+431550013900'],
  ['Yusuf', 'Demir', 'yusuf.demir', null, 'Head of Building', 'Building', '+902125500140'],
]

/** The domain of every login and mail: reserved by RFC 2606, so it reaches nobody. */
export const DOMAIN = 'fernhollow.example'
const FIRST_ACCOUNT_NO = 1001

export const SEED_ACCOUNTS: readonly Account[] = ROWS.map((row, index) => {
  const [first_name, last_name, login, mail, job_title, org_unit, phone, state] = row
  // One person a day, in the order of their numbers.
  const created_on = new Date(Date.UTC(2019, 2, 4 + index, 8, 30)).toISOString()
  return {
    account_no: FIRST_ACCOUNT_NO + index,
    login:
      login === login.toUpperCase() ? `${login}@${DOMAIN}`.toUpperCase() : `${login}@${DOMAIN}`,
    first_name,
    last_name,
    mail: `${mail ?? login.toLowerCase()}@${DOMAIN}`,
    job_title,
    org_unit,
    phone,
    role: 'staff',
    state: state ?? 'enabled',
    created_on,
    updated_on: created_on,
  }
})

const inUnit = (unit: string): number[] =>
  SEED_ACCOUNTS.filter((account) => account.org_unit === unit).map((account) => account.account_no)

const TEAM_DAY = '2019-05-01T08:30:00.000Z'

export const SEED_TEAMS: readonly Team[] = [
  {
    team_no: 11,
    title: 'Front Desk',
    note: 'Everyone who opens the doors',
    created_on: TEAM_DAY,
    people: inUnit('Front Desk'),
  },
  {
    team_no: 12,
    title: 'Conservation & Archive',
    note: null,
    created_on: TEAM_DAY,
    people: [...inUnit('Archive'), ...inUnit('Workshop')],
  },
  {
    team_no: 13,
    title: 'Engineering',
    note: 'On call by turns',
    created_on: TEAM_DAY,
    people: inUnit('Engineering'),
  },
]
