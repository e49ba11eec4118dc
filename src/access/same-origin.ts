/**
 * Whether a request comes from a page of ours: what a browser sends along by itself (a cookie, or the
 * sign-in of Cloudflare Access) proves who is there, not who asks. Pure.
 */

/**
 * `none`: no browser said anything, which all of them do where a page of another site writes.
 *
 * @param origin of the URL that was asked, not a configured one: the console may be under a name of its own
 */
export function originOf(headers: Headers, origin: string): 'same' | 'other' | 'none' {
  // Fetch Metadata: scripts cannot set it. `none` there is a person's own doing, by the address bar.
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin' || site === 'none' ? 'same' : 'other'
  const from = headers.get('origin')
  if (from === null) return 'none'
  return from === origin ? 'same' : 'other'
}
