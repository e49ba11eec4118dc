/** The base URL of a manifest: its host is one of its own, or what the connection gives as one. */
import * as z from 'zod'
import type { ConfigField, Manifest } from './schema.ts'

type Config = Manifest['config']
type Parsed = { readonly ok: true } | { readonly ok: false; readonly message: string }

const PATH = /^(?:\/(?:[A-Za-z0-9\-._~]|\{config\.[\w-]+\})*)*$/
const HOST = /^(?:[a-z0-9.-]|\{config\.[\w-]+\})+(?::\d{1,5})?$/
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const HOST_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::\d{1,5})?$/

/**
 * A host is built of whole labels only, and a path of encoded parts: what an administrator enters
 * cannot lead elsewhere.
 */
export function parseBase(base: string, config: Config): Parsed {
  const [, url] = /^\{config\.([\w-]+)\}/.exec(base) ?? []
  const path =
    url === undefined ? base.replace(/^https?:\/\/[^/]*/, '') : base.replace(/^[^}]*\}/, '')
  const [, host = ''] = /^https?:\/\/([^/]+)/.exec(base) ?? []
  if (url === undefined && !HOST.test(host)) {
    return refuse('must be "{config.url}" or begin with "https://" and a host name in lower case')
  }
  if (!PATH.test(path))
    return refuse('its path must be plain text and {config.name} of kind "text"')
  if (namesIn(path).some((name) => config[name]?.kind !== 'text' || config[name]?.secret)) {
    return refuse('what its path places must be declared in "config", with kind "text"')
  }
  if (url !== undefined) {
    return config[url]?.kind === 'url' ? { ok: true } : refuse(`"${url}" must be of kind "url"`)
  }
  for (const name of namesIn(host)) {
    const kind = config[name]?.kind
    if (kind !== 'host' && kind !== 'label') {
      return refuse(`"${name}" must be declared in "config", with kind "host" or "label"`)
    }
    if (kind === 'host' && host !== `{config.${name}}`) {
      return refuse(`"${name}" is a whole host name: part of one is of kind "label"`)
    }
  }
  return { ok: true }
}

function refuse(message: string): Parsed {
  return { ok: false, message }
}

function namesIn(text: string): string[] {
  return [...text.matchAll(/\{config\.([\w-]+)\}/g)].map(([, name = '']) => name)
}

export function fillBase(base: string, settings: Readonly<Record<string, string>>): string {
  const [whole, name = ''] = /^\{config\.([\w-]+)\}/.exec(base) ?? []
  if (whole === undefined) {
    const path = base.indexOf('/', base.indexOf('//') + 2)
    return fill(base, settings, path < 0 ? base.length : path)
  }
  const url = settings[name] ?? ''
  const rest = base.slice(whole.length)
  return rest === '' ? url : url.replace(/\/+$/, '') + fill(rest, settings, 0)
}

/** From `path` on, values are encoded; before it the schema has let labels and hosts through only. */
function fill(text: string, settings: Readonly<Record<string, string>>, path: number): string {
  return text.replace(/\{config\.([\w-]+)\}/g, (_, name: string, at: number) => {
    const value = settings[name] ?? ''
    return at < path ? value : encodeURIComponent(value)
  })
}

/** What a connection must give for a field that is no secret. */
export function fieldSchema({ kind, default: preset }: ConfigField): z.ZodType<string | undefined> {
  const text = z.string().min(1).max(1_000)
  const typed = {
    text,
    url: z.url({ protocol: /^https?$/ }).max(1_000),
    host: text.regex(HOST_NAME, 'must be a host name in lower case, with a port if need be'),
    label: text.regex(LABEL, 'must be one part of a host name: lower case, digits and "-"'),
  }[kind]
  return preset === undefined ? typed : typed.default(preset)
}

/** `*.example.com` stands for every name below it. */
export function isAllowedHost(url: string, allowed: readonly string[] | undefined): boolean {
  if (!allowed || !URL.canParse(url)) return allowed === undefined
  const { host } = new URL(url)
  return allowed.some((name) =>
    name.startsWith('*.') ? host.endsWith(name.slice(1)) : host === name,
  )
}
