/** Where a request comes from, as far as limits for strangers go. */

/** Characters that are looked at: no address has more. */
const LONGEST = 64

/**
 * The address, of IPv6 the network of 64 bits, which one subscriber has to himself. It stays in the memory of
 * the isolate, for minutes. Cloudflare sets the header, whatever a client sent in it; elsewhere all requests
 * are of one source.
 */
export function sourceOf(headers: Headers): string {
  const address = (headers.get('cf-connecting-ip') ?? '').slice(0, LONGEST)
  return address.includes(':') ? networkOf(address) : address
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
