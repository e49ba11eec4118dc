/** What to paste into Entra, and whether it has been heard of since. */
import type { EntraView } from '../../admin/adapters.ts'
import type { EntraAttribute } from '../../admin/entra-mapping.ts'
import { pathOf } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { Table } from '../parts/lists.tsx'
import { Badge, Copyable, Time } from '../parts/marks.tsx'
import { Notice } from '../parts/notices.tsx'
import { may, type Viewer } from '../viewer.ts'

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly entra: EntraView
  readonly lastHeard: string | null
  /** Shown this once. */
  readonly token?: string | undefined
  readonly isNew?: boolean
  /** What the app said before the connection was made. */
  readonly trial?: string | undefined
  readonly now: number
}

export function ConnectPage({ viewer, name, entra, lastHeard, token, isNew, trial, now }: Props) {
  const at = pathOf`/admin/connections/${name}`
  return (
    <Layout
      title={`Connect Entra to ${name}`}
      viewer={viewer}
      connection={{ name, tab: 'connect' }}
    >
      <h1>{isNew ? `${name} is there. Now Entra` : 'Connect Entra'}</h1>
      {trial !== undefined && (
        <Notice tone="good">
          <p>{trial}</p>
        </Notice>
      )}
      <ol class="steps">
        <li class="card">
          <h2>Open the app’s provisioning</h2>
          <p>
            Entra admin centre → <b>Enterprise applications</b> → your application →{' '}
            <b>Provisioning</b> → <b>New configuration</b>. A new application is made by{' '}
            <b>Create your own application</b>,{' '}
            <i>Integrate any other application you don’t find in the gallery</i>.
          </p>
        </li>
        <li class="card">
          <h2>Paste these two, and press “Test connection”</h2>
          <Copyable id="tenant-url" label="Tenant URL" value={entra.tenantUrl} />
          {token === undefined ? (
            <div class="copyable">
              <span class="label">Secret token</span>
              <p>
                It was shown once, when it was made.{' '}
                {may(viewer, 'POST', '/connections/:name/tokens') && (
                  <a href={`${at}/tokens`}>Make a new one</a>
                )}
              </p>
            </div>
          ) : (
            <>
              <Copyable id="secret-token" label="Secret token" value={token} />
              <p class="hint">
                It is shown this once and kept nowhere. Whoever has it can write to the app.
              </p>
            </>
          )}
          <Waiting name={name} lastHeard={lastHeard} now={now} />
        </li>
        <li class="card">
          <h2>Attribute mapping</h2>
          <p>
            What this connection does something with. Entra’s default mapping has all of it; remove
            target attributes that are not in the list.
          </p>
          <Attributes caption="People" items={entra.people} />
          {entra.withoutSource.length > 0 && (
            <p>
              The app has a place for these too, and Entra’s default mapping has no source for them.
              Add what you want to be told there, with a source of your own:{' '}
              <code>{entra.withoutSource.join(', ')}</code>.
            </p>
          )}
          {entra.groups.length > 0 ? (
            <Attributes caption="Groups" items={entra.groups} />
          ) : (
            <p>
              This app knows no groups: switch <b>Provision Microsoft Entra ID Groups</b> off.
            </p>
          )}
          <p>
            <a href={`${at}/entra-mapping.json`} download={`${name}-entra-mapping.json`}>
              Download the mapping as JSON
            </a>{' '}
            <span class="quiet">
              (object mappings as in Entra’s schema editor and Microsoft Graph)
            </span>
          </p>
        </li>
        <li class="card">
          <h2>Try one person, then start</h2>
          <p>
            <b>Provision on demand</b> with one person first; then assign people and groups, and{' '}
            <b>Start provisioning</b>.
          </p>
          <p>
            <a href={at}>Overview of {name}</a>
          </p>
        </li>
      </ol>
    </Layout>
  )
}

function Waiting({ name, lastHeard, now }: Pick<Props, 'name' | 'lastHeard' | 'now'>) {
  const isHeard = lastHeard !== null
  return (
    <div
      class={`notice ${isHeard ? 'good' : 'calm'}`}
      role="status"
      {...(!isHeard && { 'data-waiting': pathOf`/admin/api/connections/${name}/health` })}
    >
      <p data-pending hidden={isHeard}>
        <span class="pulse" aria-hidden="true" />
        Waiting for Entra’s connection test.{' '}
        <a href={pathOf`/admin/connections/${name}/connect`}>Look again</a>
      </p>
      <p data-heard hidden={!isHeard}>
        ✓ <b>A client has signed in</b>
        {isHeard && (
          <>
            , last <Time iso={lastHeard} now={now} />
          </>
        )}
        . The URL and the token are right.
      </p>
    </div>
  )
}

function Attributes({ caption, items }: { caption: string; items: readonly EntraAttribute[] }) {
  return (
    <Table caption={caption} heads={['Entra attribute', 'Target attribute', 'Note']}>
      {items.map(({ source, target, isMatching, inApp }) => (
        <tr>
          <td class="name" data-label="Entra">
            <code>{source}</code>
          </td>
          <td data-label="Target">
            <code>{breakable(target)}</code>
          </td>
          <td>
            {isMatching && <Badge tone="good">matching attribute</Badge>}
            {!inApp && <span class="quiet">kept by Postern</span>}
          </td>
        </tr>
      ))}
    </Table>
  )
}

/** A URN is longer than its column: it is broken behind a colon, where it has to be. */
function breakable(path: string) {
  return path.split(/(?<=:)/).map((part) => (
    <>
      {part}
      <wbr />
    </>
  ))
}
