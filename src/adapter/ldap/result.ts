/** Result codes of LDAP (RFC 4511 §4.1.9 and appendix A), and the failures that they are. */
import { AdapterFailure, type FailureCode } from '../failure.ts'

export const RESULT = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  timeLimitExceeded: 3,
  sizeLimitExceeded: 4,
  compareFalse: 5,
  compareTrue: 6,
  authMethodNotSupported: 7,
  strongerAuthRequired: 8,
  referral: 10,
  adminLimitExceeded: 11,
  unavailableCriticalExtension: 12,
  confidentialityRequired: 13,
  noSuchAttribute: 16,
  undefinedAttributeType: 17,
  inappropriateMatching: 18,
  constraintViolation: 19,
  attributeOrValueExists: 20,
  invalidAttributeSyntax: 21,
  noSuchObject: 32,
  invalidDNSyntax: 34,
  inappropriateAuthentication: 48,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
  namingViolation: 64,
  objectClassViolation: 65,
  notAllowedOnNonLeaf: 66,
  notAllowedOnRDN: 67,
  entryAlreadyExists: 68,
  objectClassModsProhibited: 69,
  affectsMultipleDSAs: 71,
  other: 80,
} as const
export type ResultCode = (typeof RESULT)[keyof typeof RESULT]

const CODE_BY_RESULT: Readonly<Partial<Record<keyof typeof RESULT, FailureCode>>> = {
  operationsError: 'unavailable',
  timeLimitExceeded: 'timeout',
  authMethodNotSupported: 'auth',
  strongerAuthRequired: 'auth',
  confidentialityRequired: 'auth',
  undefinedAttributeType: 'invalid',
  constraintViolation: 'invalid',
  invalidAttributeSyntax: 'invalid',
  inappropriateAuthentication: 'auth',
  invalidCredentials: 'auth',
  insufficientAccessRights: 'forbidden',
  busy: 'unavailable',
  unavailable: 'unavailable',
  unwillingToPerform: 'blocked',
  invalidDNSyntax: 'invalid',
  namingViolation: 'invalid',
  objectClassViolation: 'invalid',
  notAllowedOnNonLeaf: 'blocked',
  notAllowedOnRDN: 'invalid',
  entryAlreadyExists: 'conflict',
  attributeOrValueExists: 'conflict',
  objectClassModsProhibited: 'invalid',
  affectsMultipleDSAs: 'invalid',
  other: 'unavailable',
}

/**
 * An operation is done as a whole or not at all (RFC 4511 §4.6), so a refused one changed nothing. These
 * are also what a server says that passes operations on (`back-ldap`, `back-meta`) and lost the other.
 */
const DOUBTFUL: readonly (keyof typeof RESULT)[] = [
  'operationsError',
  'timeLimitExceeded',
  'unavailable',
  'other',
]

/**
 * @param safe true for an operation that only reads
 */
export function resultFailure(code: number, verb: string, safe: boolean): AdapterFailure {
  const name = (Object.keys(RESULT) as (keyof typeof RESULT)[]).find((one) => RESULT[one] === code)
  const failure = name && CODE_BY_RESULT[name]
  const said = name ? `${name} (${code})` : `result ${code}`
  return new AdapterFailure(failure ?? 'protocol', `the directory answered ${said} to ${verb}`, {
    effect: !safe && (!name || DOUBTFUL.includes(name)) ? 'unknown' : 'none',
    answered: true,
  })
}
