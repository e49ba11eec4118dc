/** Where the console leads: one table, which the pages' head shows and tests go by. */

/** The pages of one connection: id, name, and path below it. */
export const TABS = [
  ['overview', 'Overview', ''],
  ['connect', 'Connect Entra', '/connect'],
  ['findings', 'Findings', '/findings'],
  ['people', 'People', '/people'],
  ['groups', 'Groups', '/groups'],
  ['guard', 'Guard', '/guard'],
  ['reconcile', 'Reconcile', '/reconcile'],
  ['leavers', 'Leavers', '/leavers'],
  ['audit', 'Audit', '/audit'],
  ['alerts', 'Alerts', '/alerts'],
  ['mapping', 'Mapping', '/mapping'],
  ['tokens', 'Tokens', '/tokens'],
  ['clients', 'Clients', '/clients'],
  ['settings', 'Settings', '/settings'],
] as const
export type Tab = (typeof TABS)[number][0]

/** The pages of none: id, name, path, and what of the admin API a viewer must be let in to. */
export const AREAS = [
  ['connections', 'Connections', '/admin', 'GET', '/overview'],
  ['leavers', 'Off-boarding', '/admin/leavers', 'GET', '/people'],
  ['alerts', 'Alerts', '/admin/alerts', 'GET', '/alerts/channels'],
  ['manifests', 'Manifests', '/admin/manifests', 'GET', '/manifests'],
  ['administrators', 'Administrators', '/admin/administrators', 'GET', '/administrators'],
  ['sealing', 'Sealing keys', '/admin/sealing', 'GET', '/sealing'],
] as const
export type Area = (typeof AREAS)[number][0]
