/** The whole gateway in front of the good app, through an adapter that may be broken. */
import type { Adapter, AnyPort } from '../../../src/adapter/contract.ts'
import type { Fetch, Gateway } from '../../../src/adapter/kit/subject.ts'
import { connect } from '../../support/gateway.ts'
import { openIsolate } from '../../support/isolate.ts'
import { KEY } from './good-app.ts'

/**
 * @param ports what the adapter's ports are made into
 * @param fetch the app, at `origin` of the URL that the connection is given
 */
export async function openGateway(
  adapter: Adapter,
  ports: (good: Readonly<Record<string, AnyPort>>) => Readonly<Record<string, AnyPort>>,
  fetch: Fetch,
): Promise<Gateway> {
  const url = `http://${crypto.randomUUID()}.test/base`
  // The admin API knows the adapters of the build; this isolate knows another of that name.
  const named = {
    ...adapter,
    name: 'example',
    secrets: ['apiKey'],
    headers: () => ({ 'x-key': KEY }),
    connect: (kit: Parameters<Adapter['connect']>[0]) => ports(adapter.connect(kit)),
  } as unknown as Adapter
  const connection = await connect({
    adapter: 'example',
    settings: { url },
    secrets: { apiKey: KEY },
  })
  let writes = 0
  const isolate = openIsolate(
    { now: Date.now() },
    async (input, init) => {
      if (!input.startsWith(url)) throw new TypeError('this is the app of another test')
      if (init.method !== 'GET') writes += 1
      return fetch(input, init)
    },
    { adapters: new Map([['example', named]]) },
  )
  return {
    scim: (method, path, body) => isolate.scim(connection, method, path, body),
    writes: () => writes,
  }
}
