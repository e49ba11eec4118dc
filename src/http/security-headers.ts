/** What every answer tells a browser that is made to read it: nothing here is a page. */

const ALWAYS = {
  // Answers hold personal data, or tokens, or say who there is.
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

const HSTS = 'max-age=31536000; includeSubDomains'

/** Adds what the answer does not say itself: a page has a policy of its own. */
export function secure(headers: Headers, requestUrl: string): void {
  for (const [name, value] of Object.entries(ALWAYS)) {
    if (!headers.has(name)) headers.set(name, value)
  }
  if (requestUrl.startsWith('https:')) headers.set('strict-transport-security', HSTS)
}
