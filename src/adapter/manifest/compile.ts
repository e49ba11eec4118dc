/** A manifest as the contract has it: the core cannot tell it from an adapter that is code. */
import * as z from 'zod'
import type {
  Adapter,
  AnyPort,
  AttributeSpec,
  Capabilities,
  Limits,
  ResourceSpec,
} from '../contract.ts'
import type { WrittenMapping } from '../mapping-entry.ts'
import { authorizer, credentialsIn } from './auth.ts'
import { fieldSchema, fillBase, isAllowedHost } from './base.ts'
import { placesCurrent } from './change.ts'
import type { App } from './exchange.ts'
import type { Defaults } from './fill-request.ts'
import { memberPort } from './members.ts'
import { tokenUrl } from './oauth.ts'
import { canSkip } from './pages.ts'
import { type FillRandom, randomPassword } from './password.ts'
import { readPort } from './read.ts'
import type { AttributeDeclaration, ResourceManifest } from './resource-schema.ts'
import type { Manifest } from './schema.ts'
import { factsWith, fillText } from './template.ts'
import { createTokenCache } from './token-cache.ts'
import { writePort } from './write.ts'

type Ports = ReturnType<Adapter['connect']>
type Settings = Readonly<Record<string, string>>

const random: FillRandom = (bytes) => crypto.getRandomValues(bytes)

export function compileManifest(manifest: Manifest): Adapter<Settings> {
  // Where the app hands some out; of this adapter alone, and bounded.
  const tokens = createTokenCache()
  const { name, version, config, base, auth, certificate, limits, resources } = manifest
  const specs = Object.fromEntries(
    Object.entries(resources).flatMap(([type, resource]): [string, ResourceSpec][] =>
      resource ? [[type, specOf(resource)]] : [],
    ),
  )
  const adapter: Adapter<Settings> = {
    name,
    contract: 1,
    version,
    settings: settingsOf(manifest),
    secrets: Object.keys(config).filter((key) => config[key]?.secret),
    baseUrl: (settings) => fillBase(base, settings),
    otherUrls: (settings) => {
      const url = tokenUrl(auth, settings)
      return url === undefined ? [] : [new URL(url).origin]
    },
    ...(limits && { limits: limitsOf(limits) }),
    ...(certificate !== undefined && {
      certificate: (settings) => fillText(certificate, { config: settings }),
    }),
    resources: specs,
    connect({ http, settings, secret, kept }): Ports {
      const defaults: Defaults = { headers: manifest.headers ?? {}, answers: manifest.answers }
      const app: App = {
        http,
        settings,
        random,
        ...defaults,
        rules: manifest.rules,
        check: manifest.check,
        credentials: credentialsIn(manifest),
        authorize: authorizer(manifest, {
          ...{ http, settings, secret, tokens, defaults, kept },
          newId: () => randomPassword({ length: 24, symbols: '' }, random),
        }),
      }
      const { User, Group } = resources
      const port = (declared: ResourceManifest): AnyPort => {
        const resource = withConfig(declared, settings)
        return { ...readPort(app, resource), ...writePort(app, resource) }
      }
      const ports: Readonly<Record<string, AnyPort>> = {
        User: port(User),
        ...(Group && { Group: { ...port(Group), ...memberPort(app, Group, User) } }),
      }
      // What is declared and what is there come from the same requests, so they agree.
      return ports as Ports
    },
  }
  return adapter
}

function limitsOf({ perSecond, concurrent, headers }: NonNullable<Manifest['limits']>): Limits {
  return {
    ...(perSecond !== undefined && { perSecond }),
    ...(concurrent !== undefined && { concurrent }),
    ...(headers?.remaining !== undefined && { remainingHeader: headers.remaining }),
    ...(headers?.reset !== undefined && { resetHeader: headers.reset }),
  }
}

/** Conditions on objects, about what this connection has entered. */
function withConfig(resource: ResourceManifest, config: Settings): ResourceManifest {
  return {
    ...resource,
    protected: [...factsWith(resource.protected, { config })],
    attributes: Object.fromEntries(
      Object.entries(resource.attributes).map(([name, { where, form, ...spec }]) => [
        name,
        {
          ...spec,
          ...(where && { where: [...factsWith(where, { config })] }),
          ...(form !== undefined && { form: fillText(form, { config, value: '{value}' }) ?? form }),
        },
      ]),
    ),
  }
}

const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i

function settingsOf({ config, base, allowHosts, auth }: Manifest): z.ZodType<Settings> {
  const fields = Object.fromEntries(
    Object.entries(config)
      .filter(([, field]) => !field.secret)
      .map(([key, field]) => [key, fieldSchema(field)]),
  )
  const names = Object.keys(fields)
  const [named] = /\{config\.([\w-]+)\}/.exec(base)?.slice(1) ?? []
  return z.strictObject(fields).superRefine((settings, context) => {
    const refuse = (message: string) =>
      context.addIssue({
        code: 'custom',
        path: named === undefined || !names.includes(named) ? [] : [named],
        message,
      })
    const urls = [fillBase(base, settings as Settings), tokenUrl(auth, settings as Settings)]
    for (const url of urls) {
      if (url === undefined) continue
      if (!URL.canParse(url)) {
        // A field of kind "url" has said so itself.
        if (named === undefined || config[named]?.kind !== 'url') {
          refuse('makes no URL of the base URL of this manifest')
        }
      } else if (!isAllowedHost(url, allowHosts)) {
        refuse(`leads to a host that the manifest does not allow: ${(allowHosts ?? []).join(', ')}`)
      } else if (DOT_SEGMENT.test(url)) refuse('must not be "." or ".."')
    }
  }) as unknown as z.ZodType<Settings>
}

function specOf(resource: ResourceManifest): ResourceSpec {
  return {
    attributes: Object.fromEntries(
      Object.entries(resource.attributes).map(([name, spec]) => [name, attributeOf(spec)]),
    ),
    naming: resource.naming,
    // zod says `undefined` for what is left out; JSON holds none.
    mapping: resource.mapping as WrittenMapping,
    capabilities: capabilitiesOf(resource),
  }
}

function attributeOf(spec: AttributeDeclaration): AttributeSpec {
  const { type, write, multiValued, required, caseExact, alike, unique, clearable, verifiedBy } =
    spec
  return {
    type,
    write,
    ...(multiValued !== undefined && { multiValued }),
    ...(required !== undefined && { required }),
    ...(caseExact !== undefined && { caseExact }),
    ...(alike && { alike }),
    ...(unique !== undefined && { unique }),
    ...(clearable !== undefined && { clearable }),
    ...(verifiedBy !== undefined && { verifiedBy }),
  }
}

function capabilitiesOf(resource: ResourceManifest): Capabilities {
  const { list, lookups, create, update, active, remove, membership } = resource
  const { kind } = membership
  return {
    lookups: lookups.map(({ attribute, exact, caseExact, includesInactive, lagMs }) => ({
      attribute,
      exact,
      caseExact,
      includesInactive,
      lagMs,
    })),
    list: { maxPage: list.maxPage, order: list.order, skip: canSkip(resource) },
    create: create?.mode ?? 'none',
    ...(create?.pending && { pending: create.pending }),
    update: update ? 'delta' : 'none',
    active: active ? 'native' : 'none',
    ...(active && [active.enable, active.disable].some(placesCurrent) && { switchReplaces: true }),
    remove: remove?.kind ?? 'none',
    membership: kind,
    ...(kind !== 'none' && {
      members: {
        single: membership.single,
        ...(kind === 'add-remove' && { batch: membership.batch }),
      },
    }),
    idsReused: resource.idsReused,
    // Who is absent by a condition may be written to in the app all the same: that takes a read as well.
    neverProtected: resource.protected.length === 0 && resource.absentWhen.length === 0,
    idempotencyKey: create?.idempotencyKey ?? false,
    ...(resource.anchor !== undefined && { anchor: resource.anchor }),
  }
}
