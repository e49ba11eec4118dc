/** Alerts that are open, and notices that were sent, as routes of the admin API. */
import type { Hono } from 'hono'
import type { Access } from '../access/authenticate.ts'
import type { Connection } from '../access/connection.ts'
import { AlertChannels, OF_GATEWAY } from '../db/alert-channels.ts'
import { type Alert, Alerts } from '../db/alerts.ts'
import type { Database } from '../db/database.ts'
import { type Told, toldOf } from '../db/told.ts'
import type { AlertKind, Condition } from '../govern/condition.ts'
import { wordsOf } from '../govern/condition-words.ts'
import type { Notice } from '../govern/notice.ts'
import { route } from './api.ts'
import { PAGE_SIZE, timeAfter, toPage } from './cursor.ts'
import { administratorOf } from './door.ts'
import { connectionOf } from './query.ts'

export interface AlertDeps {
  /** Holds the control tables. */
  readonly control: Database
  readonly access: Access
  readonly openData: (connection: Connection) => Database
}

type Detail = Condition['detail']

/** No channel has such a name. */
const A_CHANNEL_OF_THE_GATEWAY = 'of the gateway'

const MOST_SHOWN = 200

/** For `adminApi`'s `more`. */
export function alertRoutes(deps: AlertDeps): (api: Hono) => void {
  return (api) => {
    route(api, '/connections/:name/alerts', {
      GET: async (c) => {
        const connection = await connectionOf(deps, c)
        const open = await new Alerts(deps.openData(connection), connection.id).open(MOST_SHOWN)
        return c.json({ items: open.map(alertView) })
      },
    })

    route(api, '/connections/:name/alerts/notices', {
      GET: async (c) => {
        const connection = await connectionOf(deps, c)
        const query = { after: timeAfter(c.req.query('cursor')), limit: PAGE_SIZE + 1 }
        const owners = [OF_GATEWAY, connection.id].map((id) => new AlertChannels(deps.control, id))
        const [rows, ...channels] = await Promise.all([
          toldOf(deps.openData(connection), connection.id, query),
          ...owners.map((one) => one.list()),
        ])
        // What the gateway's channels are called is not theirs who are limited to some connections.
        const isLimited = administratorOf(c).connections !== null
        const names = new Map(
          channels
            .flat()
            .map(({ id, name, connectionId }) => [
              id,
              isLimited && connectionId === OF_GATEWAY ? A_CHANNEL_OF_THE_GATEWAY : name,
            ]),
        )
        const view = (row: Told) => toldView(row, names.get(row.channel))
        return c.json(toPage(rows, view, (row) => [row.at, row.id]))
      },
    })
  }
}

export type AlertView = ReturnType<typeof alertView>
export type ToldView = ReturnType<typeof toldView>

function alertView({ id, kind, subject, severity, count, detail, ...times }: Alert) {
  const { title, happened, todo } = wordsOf(kind as AlertKind, {
    ...{ subject, count, detail: detail as Detail },
  })
  return {
    ...{ id, kind, subject, severity, count, detail, title, happened, todo },
    since: new Date(times.openedAt).toISOString(),
    lastNotice: new Date(times.toldAt).toISOString(),
  }
}

/** @param channel its name; undefined: it is gone */
function toldView({ id, notice, state, attempts, reason, at }: Told, channel: string | undefined) {
  const { type, data } = notice as unknown as Notice
  const { alert, kind, severity, title, happened } = data
  return {
    ...{ id, type, alert, kind, severity, title, happened, state, attempts },
    channel: channel ?? null,
    reason: reason ?? null,
    at: new Date(at).toISOString(),
  }
}
