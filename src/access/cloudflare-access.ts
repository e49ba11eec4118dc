/**
 * Cloudflare Access in front of the Worker: it signs in people and service tokens, and says by a JWT
 * in a header who is there. https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/application-token/
 */
import type { JWTPayload } from 'jose'
import type { Trust } from './trust.ts'

export const ACCESS_HEADER = 'cf-access-jwt-assertion'

const DOMAIN = '.cloudflareaccess.com'

/**
 * @param team `acme`, or `acme.cloudflareaccess.com`
 * @param audiences the AUD tags of the applications that protect the admin API
 */
export function accessTrust(team: string, audiences: readonly string[]): Trust {
  const host = team.endsWith(DOMAIN) ? team : team + DOMAIN
  return {
    issuers: [`https://${host}`],
    audiences: [...audiences],
    keySets: [`https://${host}/cdn-cgi/access/certs`],
  }
}

/** The e-mail address of a person, else the name of a service token or certificate. */
export function accessName({ email, common_name: name }: JWTPayload): string | undefined {
  const said = email === undefined || email === '' ? name : email
  return typeof said === 'string' && said !== '' ? said : undefined
}
