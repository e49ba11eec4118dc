/** Values that are nobody's business, and everything in which one could turn up. */
import { Buffer } from 'node:buffer'

/** What is looked for, by a name that a failing test may show. */
export type Planted = Readonly<Record<string, string>>

const tag = () => crypto.randomUUID().slice(0, 8)

/** Of a person, each unlike anything else in the repository. */
export function plantPerson() {
  const id = tag()
  return {
    userName: `zaphod.${id}@leak.example`,
    givenName: `Zaphod${id}`,
    familyName: `Beeblebrox${id}`,
    mail: `z.b.${id}@mail.leak.example`,
    phone: `+49 30 ${Number.parseInt(id, 16)}`,
    title: `President ${id}`,
  }
}

export function plantSecret(name: string): string {
  return `SECRET-${name}-${crypto.randomUUID()}`
}

/** A text as it stands in URLs, in JSON, and anywhere within base64. */
export function spellings(text: string): readonly string[] {
  const bytes = Buffer.from(text)
  const within = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    // Characters that neighbours have a part in are left out.
    return encoded.slice(before === 0 ? 0 : 4, Math.floor((before + bytes.length) / 3) * 4)
  })
  const hex = bytes.toString('hex')
  return [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1), ...within, hex]
}

/** The names of what is found in the text, in whatever spelling and letter case. */
export function foundIn(text: string, planted: Planted): readonly string[] {
  const folded = text.toLowerCase()
  return Object.entries(planted).flatMap(([name, value]) =>
    spellings(value).some((one) => folded.includes(one.toLowerCase())) ? [name] : [],
  )
}
