/** Names of people who do not exist, by number: deterministic, and never the same mailNickname twice. */

/** 32 and 47 share no factor, so the two cycles meet in 1504 different pairs. */
const GIVEN_NAMES = (
  'Wren Alma Idris Maëlle Otto Cerys Jonas Femi Greta Hiro Isla Emrys Katya Linus Mabel Nils ' +
  'Orla Pavel Quentin Rosa Stellan Tamsin Ulla Vesna Willem Ximena Yara Zeno Anouk Bela Åsa Corin'
).split(' ')

const SURNAMES = (
  'Ashdown Birchall Calloway Dunmore Everley Farrant Garside Hartnell Ingleby Jessop Kestrel ' +
  'Larkin Marlowe Netherby Oakeshott Penrose Quarrie Redfern Sallow Thackeray Underhill Vellacott ' +
  'Wetherby Yardley Zellweg Alder Bramble Cobb Drystone Elmhurst Foxcote Gannet Heron Ivory ' +
  'Juniper Knapp Linnet Mossop Nightjar Osier Pike Quill-Hayes Rowan Sorrel Teasel Umber Verrall'
).split(' ')

export interface InventedName {
  readonly givenName: string
  readonly surname: string
  readonly mailNickname: string
}

const ascii = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

export function inventedName(number: number): InventedName {
  const givenName = GIVEN_NAMES[number % GIVEN_NAMES.length] ?? ''
  const surname = SURNAMES[number % SURNAMES.length] ?? ''
  const round = Math.floor(number / (GIVEN_NAMES.length * SURNAMES.length))
  const suffix = round === 0 ? '' : String(round + 1)
  return { givenName, surname, mailNickname: `${ascii(givenName)}.${ascii(surname)}${suffix}` }
}
