/** A form of a page as a browser sends it back that changes nothing. */

const FIELDS = /<input ([^>]*)>|<(select|textarea) ([^>]*)>([\s\S]*?)<\/\2>/g

/** @param action what its button says to do, or how its address ends */
export function formOf(html: string, action: string): Record<string, string> {
  const forms = html.match(/<form [\s\S]*?<\/form>/g) ?? []
  const found = forms.find(
    (one) => one.includes(`name="do" value="${action}"`) || one.includes(`/${action}">`),
  )
  if (!found) throw new Error(`no form does ${action}`)
  const form: Record<string, string> = { do: action }
  for (const [, input, tag, other, inner = ''] of found.matchAll(FIELDS)) {
    const attributes = input ?? other ?? ''
    const name = / ?name="([^"]*)"/.exec(attributes)?.[1] ?? ''
    const isBox = attributes.includes('type="checkbox"')
    if (isBox && !attributes.includes('checked')) continue
    const value = / value="([^"]*)"/.exec(attributes)?.[1]
    const chosen = /<option value="([^"]*)" selected/.exec(inner)?.[1]
    form[name] = textOf(tag === 'select' ? chosen : tag === 'textarea' ? inner : value)
  }
  return form
}

const textOf = (value = ''): string =>
  value
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/^\n/, '')
