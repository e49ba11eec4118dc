/** Starts the databases that are installed here, for the tests that need one that is real. */
import { globSync } from 'node:fs'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { type RealApp, startApp } from '../acceptance/app.ts'

/** By dialect: where it runs, or why it does not. */
export type Databases = Readonly<
  Record<'postgres' | 'mysql', { readonly url: string } | { readonly missing: string }>
>

declare module 'vitest' {
  export interface ProvidedContext {
    databases: Databases
  }
}

const SERVERS = {
  postgres: {
    script: 'postgres.sh',
    needs: ['/usr/lib/postgresql/*/bin/initdb'],
    what: 'PostgreSQL (apt-get install postgresql)',
  },
  mysql: {
    script: 'mariadb.sh',
    needs: ['/usr/sbin/mariadbd', '/usr/local/bin/mariadbd'],
    what: 'MariaDB (apt-get install mariadb-server)',
  },
}

/** The scripts start servers as users of their own. */
const isRoot = process.getuid?.() === 0

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const running: RealApp[] = []
  const start = async (dialect: keyof typeof SERVERS) => {
    const { script, needs, what } = SERVERS[dialect]
    const missing = !needs.some((pattern) => globSync(pattern).length > 0)
      ? `${what} is not installed`
      : isRoot
        ? undefined
        : `only root can start ${what}`
    if (missing !== undefined) {
      console.log(`skipped, tests with ${path.parse(script).name}: ${missing}`)
      return { missing }
    }
    const app = await startApp({ script })
    running.push(app)
    return { url: app.url }
  }
  const [postgres, mysql] = await Promise.all([start('postgres'), start('mysql')])
  project.provide('databases', { postgres, mysql })
  return async () => {
    await Promise.all(running.map((app) => app.stop()))
  }
}
