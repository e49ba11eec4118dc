/** docs/alerts.md against what is sent. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ALERT_KINDS } from '../../src/govern/condition.ts'
import { noticeOf } from '../../src/govern/notice.ts'

const TEXT = readFileSync(path.join(import.meta.dirname, '../../docs/alerts.md'), 'utf8')

test('the payload of the page is what a webhook is sent', () => {
  const [, block = ''] = /```json\n([^`]+)```/.exec(TEXT) ?? []
  const shown = JSON.parse(block)
  const { alert, connection, count, detail, since, url } = shown.data
  const at = Date.parse(since)
  const condition = { kind: 'ambiguous', subject: '', severity: 'warning', count, detail } as const
  const { origin } = new URL(url)
  const about = { alert, connection, openedAt: at, now: Date.parse(shown.timestamp), origin }
  const notice = noticeOf('alert.opened', condition, about)
  expect(shown).toEqual(JSON.parse(JSON.stringify(notice)))
})

test('the page has every kind of alert, and no other', () => {
  const [, table = ''] = /## What is told([\s\S]+?)\n## /.exec(TEXT) ?? []
  const rows = table.split('\n').filter((line) => line.startsWith('| `'))
  const kinds = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([\w-]+)`/g)])
  expect(kinds.map(([, kind]) => kind).sort()).toEqual([...ALERT_KINDS].sort())
})
