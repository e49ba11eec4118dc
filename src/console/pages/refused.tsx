import type { Refused } from '../ask.ts'
import { Layout } from '../layout.tsx'
import type { Viewer } from '../viewer.ts'

export function RefusedPage({ refused, viewer }: { refused: Refused; viewer: Viewer | undefined }) {
  return (
    <Layout title={refused.title} viewer={viewer}>
      <div class="narrow">
        <h1>{refused.title}</h1>
        <p>{refused.detail}</p>
        <p>
          <a href="/admin">All connections</a>
        </p>
      </div>
    </Layout>
  )
}
