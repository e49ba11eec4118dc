/** Where a request comes from, as far as limits for strangers go. */
import { hashToken } from './tokens.ts'

/**
 * A digest of the address, so that no address is kept; of IPv6 the network of 64 bits, which one
 * subscriber has to himself. Cloudflare sets the header, whatever a client sent in it; elsewhere all
 * requests are of one source.
 */
export async function sourceOf(headers: Headers): Promise<string> {
  const address = headers.get('cf-connecting-ip') ?? ''
  return hashToken(address.includes(':') ? networkOf(address) : address)
}

/** The first four groups, with `::` written out. */
function networkOf(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('::', 2)
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after]
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
