/** Every page of the console that a link leads to, as somebody who follows all of them sees it. */
import type { Pages, Shown } from './pages.ts'

/** Ids and names stand for each other: one page of a kind is enough. */
const kindOf = (to: string): string =>
  to
    .replaceAll(/(?<=\/)[^/?]*\d[^/?]*/g, ':')
    .replace(/\?.*/, (query) => [...new URLSearchParams(query).keys()].sort().join())

/** @param connection the one whose pages are walked; those of others are not */
export async function walkPages(pages: Pages, connection: string): Promise<readonly Shown[]> {
  const waiting = ['', `/connections/${connection}`]
  const met = new Set(waiting.map(kindOf))
  const shown: Shown[] = []
  for (const path of waiting) {
    const page = await pages.get(path)
    shown.push(page)
    for (const [, written = ''] of page.html.matchAll(/href="\/admin([^"#]*)/g)) {
      const to = written.replaceAll('&amp;', '&')
      const [, area, name] = to.split(/[/?]/)
      const isAnother = area === 'connections' && name !== connection
      if (isAnother || met.has(kindOf(to))) continue
      met.add(kindOf(to))
      waiting.push(to)
    }
  }
  return shown
}
