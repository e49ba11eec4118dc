/** What names of API files tend to mean. */

/** `first_name`, `firstName` and `First-Name` alike. */
export function fold(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

const USERS = [
  'users',
  'accounts',
  'people',
  'persons',
  'members',
  'employees',
  'contacts',
  'agents',
]
const GROUPS = ['groups', 'usergroups', 'teams', 'roles', 'departments', 'organizations', 'units']

/** Nouns of collections, the likeliest first. */
export const NOUNS = { User: USERS, Group: GROUPS } as const
export type Kind = keyof typeof NOUNS

export function singular(noun: string): string {
  return noun === 'people' ? 'person' : noun.replace(/ies$/, 'y').replace(/s$/, '')
}

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
/** SCIM path to the names that stand for it, the likeliest first. */
const PAIRS: Readonly<Record<Kind, Readonly<Record<string, readonly string[]>>>> = {
  User: {
    userName: ['username', 'login', 'loginname', 'userlogin', 'signin', 'userid', 'handle', 'uid'],
    'name.givenName': ['firstname', 'givenname', 'forename', 'fname'],
    'name.familyName': ['lastname', 'familyname', 'surname', 'lname', 'sn'],
    displayName: ['displayname', 'fullname', 'realname', 'name', 'commonname'],
    'emails[type eq "work"].value': ['email', 'mail', 'emailaddress', 'primaryemail', 'workemail'],
    'phoneNumbers[type eq "work"].value': ['phone', 'phonenumber', 'telephone', 'workphone'],
    'phoneNumbers[type eq "mobile"].value': ['mobile', 'mobilephone', 'cellphone', 'cell'],
    title: ['jobtitle', 'title', 'position'],
    nickName: ['nickname'],
    locale: ['locale'],
    preferredLanguage: ['preferredlanguage', 'language', 'lang'],
    timezone: ['timezone', 'tz'],
    [`${ENTERPRISE}:department`]: ['department', 'orgunit', 'dept'],
    [`${ENTERPRISE}:organization`]: ['organization', 'company', 'companyname'],
    [`${ENTERPRISE}:employeeNumber`]: ['employeenumber', 'employeeid', 'staffnumber'],
    [`${ENTERPRISE}:costCenter`]: ['costcenter'],
  },
  Group: { displayName: ['displayname', 'name', 'title', 'groupname', 'teamname', 'label'] },
}

export const pairsOf = (kind: Kind): readonly (readonly [string, readonly string[]])[] =>
  Object.entries(PAIRS[kind])

export const SECRET = /passw|pwd|secret|token|apikey|hash|salt|credential/
export const CREATED =
  /^(date)?(created?|creation|registered|joined)(at|on|date|time|timestamp|dt)?$/
export const MODIFIED =
  /^(date)?(updated?|modified|changed|lastmodified|lastupdated?)(at|on|date|time|timestamp)?$/

export const TOTAL = /^(total|totalcount|count|totalresults|totalitems|totalelements|recordcount)$/
export const NEXT =
  /^(next|nextcursor|nextpagetoken|cursor|endcursor|continuationtoken|nexttoken|bookmark|after|nextpage)$/
export const MORE = /^(hasmore|hasnext|hasnextpage|more)$/

export const PAGE = /^(page|pagenumber|pageno|pagenum|pageindex|p|currentpage)$/
export const SIZE =
  /^(perpage|pagesize|limit|size|count|maxresults|ps|rows|top|pagelimit|first|take)$/
export const OFFSET = /^(offset|start|skip|startindex|startat|from|firstresult)$/
export const CURSOR =
  /^(cursor|pagetoken|continuationtoken|nexttoken|marker|bookmark|pagecursor|nextcursor)$/
export const AFTER = /^(after|startingafter|idafter|sinceid|afterid|since)$/

export const SEARCH = /^(search|q|query|term|filter|keyword|s|name|searchterm|text)$/
export const HIDDEN =
  /^(include|with|show)(all|deleted|inactive|disabled|archived|suspended|deactivated|blocked)/
export const STATE =
  /^(is)?(status|state|active|enabled|disabled|archived|suspended|blocked|inactive|deleted)$/

export const ON_CALL =
  /^(enable|activate|reactivate|unblock|unlock|unsuspend|restore|resume|unarchive)$/
export const OFF_CALL = /^(disable|deactivate|block|lock|suspend|archive)$/
export const SWITCH_CALL = /^(active|status|state|enabled|activation)$/
export const ON_FLAG = /^(is)?(active|enabled)$/
export const OFF_FLAG = /^(is)?(disabled|suspended|blocked|locked|archived|inactive|deactivated)$/
export const STATUS = /^(account|user)?(status|state)$/
export const DEAD_FLAG = /^(is)?(deleted|removed|purged|destroyed)$/
export const OFF_TIME = /^(deleted?|disabled|deactivated|suspended|archived)(at|on|date|time)$/
export const ON_WORD = /^(active|activated|enabled|normal|ok|current|open|unlocked)$/
export const OFF_WORD =
  /^(inactive|disabled|suspended|blocked|deactivated|locked|archived|banned|closed|terminated)$/

export const PERSON_KEY =
  /^(user|member|account|person|people)?s?(id|ids|no|uuid|guid)$|^(users|members|accounts)$/
