/** A notice, and what each kind of channel is sent of it. Pure; no personal data, no secret. */
import type { Severity } from '../db/alert-channels.ts'
import type { Alerting, AlertKind, Condition } from './condition.ts'
import { OVER, wordsOf } from './condition-words.ts'

export type NoticeType = 'alert.opened' | 'alert.reminder' | 'alert.ended' | 'alert.test'

/** The body of a webhook, as the Standard Webhooks specification has it. */
export interface Notice {
  readonly type: NoticeType
  /** When it was made, ISO 8601. */
  readonly timestamp: string
  readonly data: {
    /** The same in all notices of one alert. */
    readonly alert: string
    readonly kind: AlertKind | 'test'
    readonly severity: Severity
    /** Name of the connection; absent in a test of a channel of the gateway. */
    readonly connection?: string
    readonly title: string
    readonly happened: string
    readonly todo: string
    readonly count: number
    /** Since when it holds, ISO 8601. */
    readonly since: string
    readonly detail: Condition['detail']
    /** The console's page on it; absent where the gateway has no BASE_URL. */
    readonly url?: string
  }
}

/** Of a condition, what its alert keeps. */
export type AlertTold = Pick<Alerting, 'kind' | 'subject' | 'severity' | 'count' | 'detail'>

export interface About {
  readonly alert: string
  readonly connection: string
  /** Milliseconds. */
  readonly openedAt: number
  readonly now: number
  /** Public origin of the gateway; '' where none is configured. */
  readonly origin: string
}

export function noticeOf(
  type: Exclude<NoticeType, 'alert.test'>,
  { kind, subject, severity, count, detail }: AlertTold,
  { alert, connection, openedAt, now, origin }: About,
): Notice {
  const words = wordsOf(kind, { count, detail, subject })
  const isOver = type === 'alert.ended'
  const base = `${origin}/admin/connections/${connection}`
  const url =
    detail['finding'] === undefined ? base : `${base}/findings#finding-${detail['finding']}`
  return {
    type,
    timestamp: new Date(now).toISOString(),
    data: {
      ...{ alert, kind, severity, connection, count, detail },
      title: isOver ? `Over: ${words.title}` : words.title,
      happened: isOver ? OVER[kind] : words.happened,
      todo: isOver ? 'Nothing.' : words.todo,
      since: new Date(openedAt).toISOString(),
      ...(origin !== '' && { url }),
    },
  }
}

export function testNotice(
  now: number,
  info: { readonly id: string; readonly connection: string | undefined },
): Notice {
  const { id, connection } = info
  return {
    type: 'alert.test',
    timestamp: new Date(now).toISOString(),
    data: {
      alert: id,
      kind: 'test',
      severity: 'warning',
      ...(connection !== undefined && { connection }),
      title: 'A test of this channel',
      happened: 'Somebody has asked for a test. Nothing is wrong.',
      todo: 'Nothing.',
      count: 1,
      since: new Date(now).toISOString(),
      detail: {},
    },
  }
}

const LABEL = { warning: 'Warning', critical: 'Critical' } as const

export function headlineOf({ type, data }: Notice): string {
  const label = type === 'alert.ended' || type === 'alert.test' ? '' : `${LABEL[data.severity]}: `
  const where = data.connection === undefined ? '' : ` (${data.connection})`
  return `${label}${data.title}${where}`
}

/** Lines of plain text: of an e-mail, and where blocks are not shown. */
export function textOf(notice: Notice): string {
  const { data } = notice
  return [
    data.happened,
    '',
    `What to do: ${data.todo}`,
    `Since: ${data.since}`,
    ...(data.url === undefined ? [] : [`Console: ${data.url}`]),
    `Alert: ${data.alert} (${data.kind})`,
  ].join('\n')
}

/** Slack: these three are all that its mrkdwn takes for its own. */
const forSlack = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** An incoming webhook's message: `text` is what a notification shows. */
export function slackBody(notice: Notice): Readonly<Record<string, unknown>> {
  const { data } = notice
  const headline = headlineOf(notice)
  const link = data.url === undefined ? '' : ` · <${data.url}|Open in the console>`
  const mrkdwn = (text: string) => ({ type: 'mrkdwn', text })
  return {
    text: `${forSlack(headline)}\n${forSlack(data.happened)}`,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: headline.slice(0, 150) } },
      { type: 'section', text: mrkdwn(forSlack(data.happened)) },
      { type: 'section', text: mrkdwn(`*What to do:* ${forSlack(data.todo)}`) },
      { type: 'context', elements: [mrkdwn(`${data.kind} · since ${data.since}${link}`)] },
    ],
  }
}

/** What a workflow of Teams ("when a webhook request is received") posts: one Adaptive Card. */
export function teamsBody(notice: Notice): Readonly<Record<string, unknown>> {
  const { type, data } = notice
  const color =
    type === 'alert.ended' ? 'good' : data.severity === 'critical' ? 'attention' : 'warning'
  const block = (text: string, more: object = {}) => ({
    type: 'TextBlock',
    text,
    wrap: true,
    ...more,
  })
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            block(headlineOf(notice), { weight: 'bolder', size: 'medium', color }),
            block(data.happened),
            block(`**What to do:** ${data.todo}`),
            block(`${data.kind} · since ${data.since}`, { isSubtle: true, size: 'small' }),
          ],
          ...(data.url !== undefined && {
            actions: [{ type: 'Action.OpenUrl', title: 'Open in the console', url: data.url }],
          }),
        },
      },
    ],
  }
}
