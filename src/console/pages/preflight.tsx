import type { ScanView } from '../../admin/reconcile.ts'
import { messageAt, pathOf, type Refused } from '../ask.ts'
import { Layout } from '../layout.tsx'
import { Field } from '../parts/fields.tsx'
import { Copyable, Time } from '../parts/marks.tsx'
import { ErrorSummary, Notice } from '../parts/notices.tsx'
import { may, type Viewer } from '../viewer.ts'
import { Running } from './scan.tsx'

interface Props {
  readonly viewer: Viewer
  readonly name: string
  readonly now: number
  /** The look at the app that has to end first, or has ended. */
  readonly scan?: ScanView | undefined
  readonly refused?: Refused | undefined
  readonly given?: { readonly map: string } | undefined
}

const GRAPH =
  "az rest --url 'https://graph.microsoft.com/v1.0/users?$top=999&$select=id,userPrincipalName,mail,mailNickname,givenName,surname,displayName,jobTitle,department,employeeId,accountEnabled' > users.json"

export function PreflightPage({ viewer, name, now, scan, refused, given }: Props) {
  const at = pathOf`/admin/connections/${name}/preflight`
  return (
    <Layout title={`Pre-flight of ${name}`} viewer={viewer} connection={{ name, tab: 'reconcile' }}>
      <h1>Pre-flight</h1>
      <p>
        What would become of each person if Entra were switched on: an account found and taken over,
        a new one, or somebody to look at first. Nothing is changed, in the app or here.
      </p>
      <ErrorSummary
        refused={refused}
        fieldOf={(path) => (path.startsWith('attributes') ? 'map' : path)}
      />
      {scan?.state === 'running' && (
        <>
          <Notice tone="calm">
            <p>
              The app is looked at first. Choose the file again when that is done: it is not kept.
            </p>
          </Notice>
          <Running {...{ viewer, name, report: scan, after: `${at}?scan=${scan.id}` }} />
        </>
      )}
      {scan?.state === 'done' && (
        <Notice tone="good">
          <p>
            The app was looked at <Time iso={scan.finishedAt} now={now} />:{' '}
            {scan.seen.toLocaleString('en')} accounts. Choose the file now.
          </p>
        </Notice>
      )}
      {(scan?.state === 'refused' || scan?.state === 'failed') && (
        <Notice tone="bad">
          <p>{scan.note}</p>
          <p>
            Nobody can be judged beside a list that is not to be believed.{' '}
            <a href={pathOf`/admin/connections/${name}/reconcile/${scan.id}`}>The scan</a>
          </p>
        </Notice>
      )}
      {may(viewer, 'POST', '/connections/:name/preflight') ? (
        <form class="card" method="post" action={at} enctype="multipart/form-data">
          <fieldset>
            <legend>Your people</legend>
            <Field
              id="export"
              label="Export of users"
              hint="The CSV of Entra admin center › Users › Download users, or Graph’s JSON. Export the people whom you will assign, not the whole tenant. It is read once, and not kept."
              error={messageAt(refused, 'export')}
              control={(described) => (
                <input
                  id="export"
                  name="export"
                  type="file"
                  accept=".csv,.json,text/csv,application/json"
                  required
                  {...described}
                />
              )}
            />
            <Field
              id="map"
              label="Attributes that Entra sends from elsewhere"
              hint="Where the mapping in the portal is not the default one; one a line, such as userName = mail"
              error={refused?.errors.find(({ path }) => path.startsWith('attributes'))?.message}
              optional
              control={(described) => (
                <textarea id="map" name="map" rows={2} {...described}>
                  {given?.map ?? ''}
                </textarea>
              )}
            />
            <div class="actions">
              <button type="submit">Judge them</button>
            </div>
          </fieldset>
        </form>
      ) : (
        <p>A pre-flight needs the role operator.</p>
      )}
      <section class="card" aria-labelledby="graph">
        <h2 id="graph">With a match rule by externalId</h2>
        <p>
          The portal’s CSV has no mailNickname, which Entra sends as externalId by default. Graph
          has:
        </p>
        <Copyable id="graph-export" label="In Azure Cloud Shell" value={GRAPH} />
      </section>
      <p>
        Without an export, a <a href={pathOf`/admin/connections/${name}/reconcile`}>scan</a> that
        only looks says what is in the app.
      </p>
    </Layout>
  )
}
