/** A Worker of private adapters that tests reach over RPC: the example app's own, and broken ones. */
import { WorkerEntrypoint } from 'cloudflare:workers'
import { example } from '../../../adapters/example/index.ts'
import { exampleAsync } from '../../../adapters/example/later.ts'
import { serveAdapter } from '../../../src/adapter/remote/serve.ts'

export const Desk = serveAdapter(example)

export const DeskLater = serveAdapter(exampleAsync)

/** People of these family names end in an accident, once their account is there. */
export const Shaky = serveAdapter({
  ...example,
  name: 'shaky',
  connect(kit) {
    const { User, Group } = example.connect(kit)
    return {
      Group,
      User: {
        ...User,
        async get(id) {
          const object = await User.get(id)
          if (object?.attributes['last_name'] === 'Unreadable') throw new TypeError('a bug')
          return object
        },
        async create(request) {
          const outcome = await User.create(request)
          switch (request.attributes['last_name']) {
            case 'Throws':
              throw new TypeError('a bug')
            case 'Hangs':
              await new Promise((resolve) => setTimeout(resolve, 60_000))
              break
            case 'Garbles':
              return { kind: 'made' } as never
          }
          return outcome
        },
      },
    }
  },
})

/** Of a Postern that is yet to come. */
export const OtherContract = serveAdapter({ ...example, name: 'other-contract', contract: 2 as 1 })

/** A service that is no adapter: as good as none. */
export class NoAdapter extends WorkerEntrypoint {}

export default { fetch: () => new Response(null, { status: 404 }) }
