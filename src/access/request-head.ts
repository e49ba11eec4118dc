/** What is refused by its head alone, before anything is looked up: URL and header fields. */
import { MAX_HEADERS, MAX_HEADERS_LENGTH, MAX_PARAMETERS, MAX_URL_LENGTH } from './limits.ts'

export interface Refusal {
  readonly status: 400 | 414 | 431
  /** Says who must do what. */
  readonly detail: string
}

/** Undefined: nothing is wrong with it. */
export function refuseHead(request: Request): Refusal | undefined {
  if (request.url.length > MAX_URL_LENGTH) {
    return {
      status: 414,
      detail: `The URL is longer than ${MAX_URL_LENGTH} characters. Send a long filter by POST to /.search.`,
    }
  }
  let count = 0
  let length = 0
  for (const [name, value] of request.headers) {
    count += 1
    length += name.length + value.length
  }
  if (count > MAX_HEADERS || length > MAX_HEADERS_LENGTH) {
    const most = `${MAX_HEADERS} header fields and ${MAX_HEADERS_LENGTH} characters of them`
    return { status: 431, detail: `A request may have ${most}. Send fewer, or shorter ones.` }
  }
  if (parametersOf(request.url) > MAX_PARAMETERS) {
    return {
      status: 400,
      detail: `The query has more than ${MAX_PARAMETERS} parameters. Send fewer.`,
    }
  }
  return undefined
}

function parametersOf(url: string): number {
  const at = url.indexOf('?')
  return at < 0 ? 0 : url.slice(at).split('&').length
}
