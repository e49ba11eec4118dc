/**
 * User, Group and the enterprise extension of User as data (RFC 7643 §4.1, §4.2, §4.3, §8.7.1).
 * Where the text and the JSON of §8.7.1 disagree, a comment says which one this follows.
 */
import { type BuiltIn, joinResources } from './define-resources.ts'
import type { Parsed } from './parse-schema.ts'
import {
  type Attribute,
  attribute,
  type ResourceDefinition,
  type ResourceType,
  type Schema,
} from './schema.ts'
import { ENTERPRISE_USER, GROUP, USER } from './urn.ts'

type Extra = Partial<Omit<Attribute, 'name' | 'type' | 'description'>>

function string(name: string, description: string, extra: Extra = {}): Attribute {
  return attribute({ name, type: 'string', description, ...extra })
}

function reference(
  name: string,
  description: string,
  referenceTypes: readonly string[],
  extra: Extra = {},
): Attribute {
  // RFC 7643 §2.3.7: a reference is case exact; §8.7.1 prints false.
  return attribute({
    name,
    type: 'reference',
    description,
    referenceTypes,
    caseExact: true,
    ...extra,
  })
}

function complex(
  name: string,
  description: string,
  subAttributes: readonly Attribute[],
  extra: Extra = {},
): Attribute {
  return attribute({ name, type: 'complex', description, subAttributes, ...extra })
}

function type(canonicalValues?: readonly string[]): Attribute {
  const description = "A label indicating the attribute's function."
  return string('type', description, canonicalValues && { canonicalValues })
}

const PRIMARY = attribute({
  name: 'primary',
  type: 'boolean',
  description: 'The preferred value of this attribute; true at most once.',
})

/** A multi-valued attribute with the default sub-attributes of RFC 7643 §2.4. */
function plural(
  name: string,
  description: string,
  value: Attribute,
  types?: readonly string[],
): Attribute {
  const display = string('display', 'A human-readable name, for display only.')
  return complex(name, description, [value, display, type(types), PRIMARY], { multiValued: true })
}

const NAME = complex('name', "The components of the person's real name.", [
  string('formatted', 'The full name, formatted for display.'),
  string('familyName', 'The family name, or last name.'),
  string('givenName', 'The given name, or first name.'),
  string('middleName', 'The middle name or names.'),
  string('honorificPrefix', 'The honorific prefix, or title.'),
  string('honorificSuffix', 'The honorific suffix.'),
])

const ADDRESSES = complex(
  'addresses',
  'Physical mailing addresses of the person.',
  [
    string('formatted', 'The full address, formatted for display or a mailing label.'),
    string('streetAddress', 'House number, street name, and further street lines.'),
    string('locality', 'The city or locality.'),
    string('region', 'The state or region.'),
    string('postalCode', 'The zip or postal code.'),
    string('country', 'The country, as an ISO 3166-1 alpha-2 code.'),
    type(['work', 'home', 'other']),
    // Missing in §8.7.1, but §2.4 gives it to every multi-valued attribute and §8.2 shows it.
    PRIMARY,
  ],
  { multiValued: true },
)

const GROUPS = complex(
  'groups',
  'The groups that the person belongs to, directly or by nesting.',
  [
    string('value', 'The id of the group.', { mutability: 'readOnly', caseExact: true }),
    reference('$ref', 'The URI of the group.', ['User', 'Group'], { mutability: 'readOnly' }),
    string('display', 'The displayName of the group.', { mutability: 'readOnly' }),
    string('type', 'Whether the membership is direct or by nesting.', {
      canonicalValues: ['direct', 'indirect'],
      mutability: 'readOnly',
    }),
  ],
  { multiValued: true, mutability: 'readOnly' },
)

export const USER_SCHEMA: Schema = {
  id: USER,
  name: 'User',
  description: 'User Account',
  attributes: [
    string('userName', 'The name that the person signs in with; unique without regard to case.', {
      required: true,
      uniqueness: 'server',
    }),
    NAME,
    string('displayName', 'The name of the person, suitable for display.'),
    string('nickName', 'The casual way to address the person.'),
    reference('profileUrl', "The URL of the person's online profile.", ['external']),
    string('title', 'The person\'s title, such as "Vice President".'),
    string('userType', 'The relationship between the organization and the person.'),
    string('preferredLanguage', 'The preferred language, as in the Accept-Language header.'),
    string('locale', 'The default location for currency, date, time and number formats.'),
    string('timezone', 'The time zone in the Olson format, such as "America/Los_Angeles".'),
    attribute({ name: 'active', type: 'boolean', description: 'Whether the account is active.' }),
    // Case exact, although §8.7.1 prints false: a password is compared as it is.
    string('password', 'The cleartext password; set, never read.', {
      caseExact: true,
      mutability: 'writeOnly',
      returned: 'never',
    }),
    plural('emails', 'Email addresses of the person.', string('value', 'An email address.'), [
      'work',
      'home',
      'other',
    ]),
    plural('phoneNumbers', 'Phone numbers of the person.', string('value', 'A phone number.'), [
      'work',
      'home',
      'mobile',
      'fax',
      'pager',
      'other',
    ]),
    plural('ims', 'Instant messaging addresses.', string('value', 'An address.'), [
      'aim',
      'gtalk',
      'icq',
      'xmpp',
      'msn',
      'skype',
      'qq',
      'yahoo',
    ]),
    plural('photos', 'URLs of photos.', reference('value', 'The URL of a photo.', ['external']), [
      'photo',
      'thumbnail',
    ]),
    ADDRESSES,
    GROUPS,
    plural('entitlements', 'Things the person has.', string('value', 'An entitlement.')),
    plural('roles', 'Roles that the person has.', string('value', 'A role.')),
    plural(
      'x509Certificates',
      'Certificates issued to the person.',
      // RFC 7643 §2.3.6: binary values are case exact; §8.7.1 prints false.
      attribute({
        name: 'value',
        type: 'binary',
        description: 'An X.509 certificate, DER in base64.',
        caseExact: true,
      }),
    ),
  ],
}

export const GROUP_SCHEMA: Schema = {
  id: GROUP,
  name: 'Group',
  description: 'Group',
  attributes: [
    // §8.7.1 prints `required: false`, but §4.2 says REQUIRED, and the text is the rule. Unique
    // without regard to case is ours: clients match groups by name.
    string('displayName', 'The name of the group; unique without regard to case.', {
      required: true,
      uniqueness: 'server',
    }),
    complex(
      'members',
      'The members of the group.',
      [
        string('value', 'The id of the member.', { mutability: 'immutable', caseExact: true }),
        reference('$ref', 'The URI of the member.', ['User', 'Group'], { mutability: 'immutable' }),
        // Not in §8.7.1; §8.4 shows it and clients send it. The member's own name is the truth.
        string('display', 'A name of the member, for display.', { mutability: 'readOnly' }),
        string('type', 'The resource type of the member.', {
          canonicalValues: ['User', 'Group'],
          mutability: 'immutable',
        }),
      ],
      { multiValued: true },
    ),
  ],
}

export const ENTERPRISE_USER_SCHEMA: Schema = {
  id: ENTERPRISE_USER,
  name: 'EnterpriseUser',
  description: 'Enterprise User',
  attributes: [
    string('employeeNumber', 'The identifier that the organization gave the person.'),
    string('costCenter', 'The name of a cost center.'),
    string('organization', 'The name of an organization.'),
    string('division', 'The name of a division.'),
    string('department', 'The name of a department.'),
    complex('manager', "The person's manager.", [
      string('value', "The id of the manager's User resource.", { caseExact: true }),
      reference('$ref', "The URI of the manager's User resource.", ['User']),
      string('displayName', 'The displayName of the manager.', { mutability: 'readOnly' }),
    ]),
  ],
}

export const USER_TYPE: ResourceType = {
  id: 'User',
  name: 'User',
  description: 'User Account',
  endpoint: '/Users',
  schema: USER,
  schemaExtensions: [{ schema: ENTERPRISE_USER, required: false }],
}

export const GROUP_TYPE: ResourceType = {
  id: 'Group',
  name: 'Group',
  description: 'Group',
  endpoint: '/Groups',
  schema: GROUP,
  schemaExtensions: [],
}

const BUILT_IN: readonly BuiltIn[] = [
  { type: USER_TYPE, core: USER_SCHEMA, extensions: [ENTERPRISE_USER_SCHEMA] },
  { type: GROUP_TYPE, core: GROUP_SCHEMA, extensions: [] },
]

/**
 * The resource types of a connection by name: User and Group with the connection's `extensions`
 * (`{ resourceType, required, schema }`), and its declared `resourceTypes`. All faults at once.
 */
export function parseResources(
  extensions: unknown,
  resourceTypes: unknown,
): Parsed<ReadonlyMap<string, ResourceDefinition>> {
  return joinResources(BUILT_IN, extensions, resourceTypes)
}

/**
 * As `parseResources`, for what was checked when it was stored.
 *
 * @throws {Error} where it is not valid after all
 */
export function defineResources(
  extensions?: unknown,
  resourceTypes?: unknown,
): ReadonlyMap<string, ResourceDefinition> {
  const parsed = parseResources(extensions, resourceTypes)
  if (parsed.ok) return parsed.value
  const faults = parsed.errors.map(({ path, message }) => `${path}: ${message}`)
  throw new Error(`Invalid resource types: ${faults.join('; ')}`)
}
