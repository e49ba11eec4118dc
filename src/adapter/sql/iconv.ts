/**
 * Stands in the bundle (`alias` in wrangler.toml) for `iconv-lite`, 230 KiB of tables that `mysql2` brings
 * along. All that a session says is utf8mb4; but for the server's greeting, which names its own character
 * set, and holds ASCII alone whatever that is.
 */

export function getDecoder() {
  const decoder = new TextDecoder()
  return { write: (bytes: Uint8Array) => decoder.decode(bytes), end: () => undefined }
}

export function getEncoder() {
  return { write: (text: string) => Buffer.from(text), end: () => undefined }
}
