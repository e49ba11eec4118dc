/** The end of a connection: asked for by its name, and what is said when it is gone. */
import { Layout } from '../layout.tsx'
import { TextField } from '../parts/fields.tsx'
import type { Viewer } from '../viewer.ts'
import type { PartProps } from './settings.tsx'

export function RemovePart({
  name,
  at,
  given,
  errorOf,
}: { readonly name: string } & Pick<PartProps, 'at' | 'given' | 'errorOf'>) {
  return (
    <section class="card" aria-labelledby="remove-title">
      <h2 id="remove-title">Remove this connection</h2>
      <ul>
        <li>
          Its tokens and clients are refused at once: the identity provider’s job fails from then
          on.
        </li>
        <li>
          All that Postern keeps of it is erased: links, findings, its audit, its secrets. That
          cannot be undone; export the links first if another connection is to go on with them.
        </li>
        <li>Accounts in the app stay as they are. Nobody is disabled or deleted there.</li>
      </ul>
      <form
        class="stacked narrow"
        method="post"
        action={at}
        data-confirm={`Remove ${name}, and all that is kept of it?`}
      >
        <TextField
          id="confirmed"
          label={`Enter “${name}” to say that you mean it`}
          error={errorOf('confirmed')}
          value={given('confirmed')}
        />
        <div class="actions">
          <button class="danger" type="submit" name="do" value="remove">
            Remove the connection
          </button>
        </div>
      </form>
    </section>
  )
}

export function RemovedPage({ viewer, name }: { viewer: Viewer; name: string }) {
  return (
    <Layout title={`${name} is removed`} viewer={viewer}>
      <div class="narrow">
        <h1>{name} is removed</h1>
        <p>
          Its tokens are refused from now on; reads may still be answered for up to five seconds.
          What was kept of it is being erased. Take the job out of the identity provider, or it goes
          on failing.
        </p>
        <p>
          <a href="/admin">All connections</a>
        </p>
      </div>
    </Layout>
  )
}
