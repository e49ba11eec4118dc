/** The body of an app's answer, within bounds. */
import { saysItsLength } from './body-length.ts'
import type { AdapterFailure } from './failure.ts'
import type { HttpResponse } from './http.ts'

/** Levels of a JSON answer; of XML it is half of that. */
const MAX_DEPTH = 64

/** Frees the connection. An answer that nobody reads cannot fail anybody. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined)
}

/** @throws {AdapterFailure} `misunderstood`: too large, or no UTF-8 */
export async function readText(
  response: Response,
  maxBytes: number,
  misunderstood: () => AdapterFailure,
): Promise<string> {
  if (!response.body) return ''
  // fatal: bytes that are no UTF-8 must not become names with replacement characters.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
  if (saysItsLength(response, maxBytes)) {
    const whole = await response.arrayBuffer()
    if (whole.byteLength > maxBytes) throw misunderstood()
    try {
      return decoder.decode(whole)
    } catch {
      throw misunderstood()
    }
  }
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader()
  let bytes = 0
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (!done) bytes += value.byteLength
    if (bytes > maxBytes) {
      reader.cancel().catch(() => undefined)
      throw misunderstood()
    }
    try {
      text += done ? decoder.decode() : decoder.decode(value, { stream: true })
    } catch {
      reader.cancel().catch(() => undefined)
      throw misunderstood()
    }
    if (done) return text
  }
}

export async function parseXml(text: string): Promise<Pick<HttpResponse, 'json' | 'body'>> {
  if (text.trim() === '') return { body: 'empty', json: undefined }
  const { readXml } = await import('./xml.ts')
  const json = readXml(text)
  return { body: json === undefined ? 'other' : 'xml', json }
}

export function parseJson(text: string): Pick<HttpResponse, 'json' | 'body'> {
  if (text.trim() === '') return { body: 'empty', json: undefined }
  try {
    const json: unknown = JSON.parse(text)
    if (!nestsDeeper(json, MAX_DEPTH)) return { body: 'json', json }
  } catch {
    // Neither is what was asked for.
  }
  return { body: 'other', json: undefined }
}

/** Whoever walks through it later must not run out of stack. */
function nestsDeeper(json: unknown, most: number): boolean {
  if (typeof json !== 'object' || json === null) return false
  return most === 0 || Object.values(json).some((one) => nestsDeeper(one, most - 1))
}
