/** The columns that may hold personal data, as docs/storage.md names them. */
export const PERSONAL_COLUMNS = [
  'claim.norm',
  'document.body',
  'document_key.norm',
  'intent.body',
  'link.display',
  'link.shadow',
  'preflight_person.person',
  'scan_account.display',
  'scan_key.norm',
]
