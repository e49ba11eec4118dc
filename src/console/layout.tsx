/** What all pages have: the head, the way around, and where the page begins. */
import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import { pathOf } from './ask.ts'
import { AREAS, type Area, TABS, type Tab } from './tabs.ts'
import { may, type Viewer } from './viewer.ts'

interface LayoutProps {
  readonly title: string
  /** Undefined: nobody has signed in. */
  readonly viewer?: Viewer | undefined
  /** Of the pages that are about no connection. */
  readonly area?: Area | undefined
  /** The connection that the page is about, and which of its pages it is. */
  readonly connection?: { readonly name: string; readonly tab: Tab } | undefined
  readonly children?: Child
}

export function Layout({ title, viewer, area, connection, children }: LayoutProps) {
  return (
    <>
      {raw('<!DOCTYPE html>')}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{`${title} · Postern`}</title>
          <link rel="icon" href="/admin/icon.svg" type="image/svg+xml" />
          <link rel="stylesheet" href="/admin/console.css" />
          <script src="/admin/console.js" defer />
        </head>
        <body>
          <a class="skip" href="#main">
            Skip to the content
          </a>
          <header class="top">
            <a class="brand" href="/admin">
              <svg viewBox="0 0 24 24" aria-hidden="true">
                <path d="M4 22V11a8 8 0 0 1 16 0v11h-5V12a3 3 0 0 0-6 0v10z" />
              </svg>
              Postern
            </a>
            {viewer && <Areas viewer={viewer} area={area} />}
            {viewer && <Account viewer={viewer} />}
          </header>
          {connection && <Tabs {...connection} />}
          <main id="main" tabindex={-1}>
            {children}
          </main>
        </body>
      </html>
    </>
  )
}

/** What would be refused is not shown. */
function Areas({ viewer, area }: { viewer: Viewer; area: Area | undefined }) {
  const theirs = AREAS.filter(([, , , method, path]) => may(viewer, method, path))
  return (
    <nav class="areas" aria-label="Gateway">
      <ul>
        {theirs.map(([id, text, path]) => (
          <li>
            <a href={path} {...(id === area && { 'aria-current': 'page' as const })}>
              {text}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function Account({ viewer }: { viewer: Viewer }) {
  return (
    <div class="account">
      <span>
        {viewer.name} <span class="quiet">· {viewer.role}</span>
      </span>
      {viewer.signedInBy !== 'access' && (
        <form method="post" action="/admin/sign-out">
          <button class="plain" type="submit">
            Sign out
          </button>
        </form>
      )}
    </div>
  )
}

function Tabs({ name, tab }: { name: string; tab: Tab }) {
  return (
    <nav class="tabs" aria-label={`Connection ${name}`}>
      <strong>{name}</strong>
      <ul>
        {TABS.map(([id, text, path]) => (
          <li>
            <a
              href={`${pathOf`/admin/connections/${name}`}${path}`}
              {...(id === tab && { 'aria-current': 'page' as const })}
            >
              {text}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}
