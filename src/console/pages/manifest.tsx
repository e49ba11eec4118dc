import type { ManifestView } from '../../admin/manifests.ts'
import type { ManifestTrial } from '../../admin/try-manifest.ts'
import { pathOf, type Refused } from '../ask.ts'
import type { Change } from '../forms/seen.ts'
import { Layout } from '../layout.tsx'
import { Act } from '../parts/act.tsx'
import { ChangedMeanwhile } from '../parts/changed-meanwhile.tsx'
import { SelectField } from '../parts/fields.tsx'
import { JsonEditor, type LineFault, LineFaults } from '../parts/json-editor.tsx'
import { Table } from '../parts/lists.tsx'
import { Badge, Time } from '../parts/marks.tsx'
import { ErrorSummary, Notice } from '../parts/notices.tsx'
import { may, type Viewer } from '../viewer.ts'

export interface ManifestEditor {
  readonly text: string
  /** On whose app it was to be tried. */
  readonly connection?: string | undefined
  readonly faults?: readonly LineFault[]
  readonly refused?: Refused
  readonly trial?: ManifestTrial
  readonly isPublished?: boolean
  /** That the text was begun from; undefined: that in force. */
  readonly revision?: number | undefined
  /** What somebody else published meanwhile. */
  readonly others?: readonly Change[]
}

interface Props {
  readonly viewer: Viewer
  /** Undefined: it is a new one. */
  readonly view: ManifestView | undefined
  readonly editor: ManifestEditor
  readonly now: number
}

export function ManifestPage(props: Props) {
  const { viewer, view, editor } = props
  const { text, faults = [], refused, isPublished } = editor
  const title = view ? `Manifest ${view.name}` : 'New manifest'
  const at = view ? pathOf`/admin/manifests/of/${view.name}` : '/admin/manifests/new'
  const mayChange =
    may(viewer, 'PUT', '/manifests/:name') && may(viewer, 'POST', '/manifests/:name/try')
  return (
    <Layout title={title} viewer={viewer} area="manifests">
      <div>
        <p class="quiet">
          <a href="/admin/manifests">Manifests</a>
        </p>
        <h1>{view?.name ?? 'New manifest'}</h1>
        {view && (
          <p class="quiet">
            version {view.version}, revision {view.revision}
            {view.status && (
              <>
                {' '}
                <Badge tone="warn">{view.status}</Badge>
              </>
            )}
          </p>
        )}
      </div>
      {isPublished && (
        <Notice tone="good">
          <p>Published. It is in force within five seconds.</p>
        </Notice>
      )}
      <ErrorSummary refused={refused} />
      <ChangedMeanwhile changes={editor.others} isWhole />
      <LineFaults of="manifest" text={text} faults={faults} />
      {mayChange ? (
        <form class="stacked" method="post" action={at}>
          <button type="submit" name="do" value="check" hidden />
          {view && <input type="hidden" name="revision" value={editor.revision ?? view.revision} />}
          <Outcome {...props} />
          <section class="card" aria-label="The manifest">
            <JsonEditor
              id="manifest"
              label="Manifest"
              hint="Every key: docs/manifest.md. Editors that know JSON Schema take docs/manifest.schema.json."
              text={text}
              faults={faults}
            />
            {view && view.connections.length > 0 && (
              <SelectField
                id="connection"
                label="Try it on the app of"
                hint="The app is asked for its list, with what that connection keeps. Nothing is written."
                optional
                value={editor.connection}
                options={[['', 'none'], ...view.connections.map((name) => [name, name] as const)]}
              />
            )}
            <div class="actions">
              <button type="submit" name="do" value="check">
                Check, and see what would change
              </button>
            </div>
          </section>
        </form>
      ) : (
        <pre tabindex={0}>{text}</pre>
      )}
      {view && <Usage {...{ viewer, view, at }} now={props.now} />}
    </Layout>
  )
}

/** What publishing would do, and the way to it. */
function Outcome({ view, editor: { trial, connection } }: Props) {
  if (!trial) return null
  const { version, isSame, isNew, remaps, connections, app } = trial
  return (
    <section class="card" aria-labelledby="check-title">
      <h2 id="check-title">
        {app && !app.ok
          ? 'It is valid, and the app does not answer to it'
          : 'Nothing is wrong with it'}
      </h2>
      {app &&
        (app.ok ? (
          <p>
            <Badge tone="good">answered</Badge> The app of {connection} answers to it, in {app.ms}{' '}
            ms.
          </p>
        ) : (
          <p>
            <Badge tone="bad">failed</Badge> The app of {connection} was asked by it: {app.detail}
          </p>
        ))}
      {isSame ? (
        <p>It is the one that is in force: there is nothing to publish.</p>
      ) : (
        <>
          <p>
            Publishing makes it {isNew ? 'an adapter' : `revision ${(view?.revision ?? 0) + 1}`},
            version {version}
            {connections.length > 0 && (
              <>, in force within five seconds for {connections.join(', ')}</>
            )}
            .
          </p>
          {!isNew && version === view?.version && (
            <p>
              The version is the one that is in force: whoever reads it later cannot tell them
              apart.
            </p>
          )}
          {remaps && !isNew && (
            <p>It reads accounts otherwise: what clients sent is compared with the app anew.</p>
          )}
          <div class="actions">
            <button type="submit" name="do" value="publish">
              Publish
            </button>
          </div>
        </>
      )}
    </section>
  )
}

function Usage({
  viewer,
  view,
  at,
  now,
}: {
  viewer: Viewer
  view: ManifestView
  at: string
  now: number
}) {
  const { name, versions, connections, revision } = view
  const mayGoBack = may(viewer, 'POST', '/manifests/:name/rollback')
  return (
    <>
      <section class="card" aria-labelledby="used-title">
        <h2 id="used-title">Connections that use it</h2>
        {connections.length === 0 ? (
          <p>
            None.{' '}
            {may(viewer, 'POST', '/connections') && (
              <a href={pathOf`/admin/new/${name}`}>Make one, and test its app</a>
            )}
          </p>
        ) : (
          <ul>
            {connections.map((connection) => (
              <li>
                <a href={pathOf`/admin/connections/${connection}`}>{connection}</a>
              </li>
            ))}
          </ul>
        )}
      </section>
      <Table
        caption="Versions"
        heads={['Revision', 'Version', 'Published', mayGoBack && 'Go back']}
      >
        {versions.map((one) => (
          <tr>
            <th scope="row">Revision {one.revision}</th>
            <td data-label="Version">{one.version}</td>
            <td data-label="Published">
              <Time iso={one.createdAt} now={now} />
            </td>
            {mayGoBack && (
              <td>
                {one.revision === revision ? (
                  <Badge tone="good">in force</Badge>
                ) : (
                  <Act
                    at={at}
                    sends={['revision', String(one.revision)]}
                    does={['do', 'rollback']}
                    tone="second"
                    confirm={`Put revision ${one.revision} in force for all connections that use it?`}
                    called={`Go back to revision ${one.revision}`}
                  >
                    Go back to it
                  </Act>
                )}
              </td>
            )}
          </tr>
        ))}
      </Table>
      {may(viewer, 'DELETE', '/manifests/:name') && connections.length === 0 && (
        <Act
          at={at}
          does={['do', 'remove']}
          confirm={`Remove the manifest ${name}, and all its versions?`}
        >
          Remove this manifest
        </Act>
      )}
    </>
  )
}
