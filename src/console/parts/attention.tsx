/** What is wrong, whom it hits, since when, and where it leads: the worst first. */
import type { ConditionView } from '../../admin/conditions.ts'
import { type Asking, type Items, pathOf } from '../ask.ts'
import { plural } from '../words.ts'
import { Badge, Time } from './marks.tsx'
import { Notice } from './notices.tsx'

/** Where they cannot be read, the rest of a page is of use all the same. */
export async function conditionsAt(
  asking: Asking,
  path: string,
): Promise<readonly ConditionView[] | undefined> {
  const answered = await asking.send<Items<ConditionView>>('GET', path)
  return answered.ok ? answered.body.items : undefined
}

interface Props {
  /** Undefined: nobody could find out. */
  readonly conditions: readonly ConditionView[] | undefined
  readonly now: number
  /** True: on a page of one connection, which needs no name. */
  readonly isOfOne?: boolean
}

const SEVERITIES = {
  critical: { tone: 'bad', text: 'Stops work' },
  warning: { tone: 'warn', text: 'To mend' },
} as const

export function Attention({ conditions, now, isOfOne = false }: Props) {
  if (!conditions) {
    return (
      <Notice tone="bad">
        <p>
          <b>What is wrong could not be found out just now</b>, which is no sign that nothing is.
          Open this page again; if it lasts, whoever runs this gateway looks at its log for{' '}
          <code>admin.failed</code>.
        </p>
      </Notice>
    )
  }
  if (conditions.length === 0) return null
  return (
    <section class="card" aria-labelledby="attention">
      <h2 id="attention">
        Needs attention <span class="quiet">({conditions.length})</span>
      </h2>
      <ul class="attention">
        {conditions.map((condition) => (
          <Item condition={condition} now={now} isOfOne={isOfOne} />
        ))}
      </ul>
    </section>
  )
}

function Item({
  condition,
  now,
  isOfOne,
}: {
  condition: ConditionView
  now: number
  isOfOne: boolean
}) {
  const { connection, severity, title, happened, todo, since, page, command } = condition
  const { tone, text } = SEVERITIES[severity]
  return (
    <li>
      <div class="choice">
        <Badge tone={tone}>{text}</Badge>
        <h3>
          <a href={page}>{title}</a>
        </h3>
        {!isOfOne && <a href={pathOf`/admin/connections/${connection}`}>{connection}</a>}
        {since !== null && (
          <span class="quiet">
            since <Time iso={since} now={now} />
          </span>
        )}
      </div>
      <p>
        {happened} <Whom condition={condition} />
      </p>
      <details>
        <summary>What to do</summary>
        <p>{todo}</p>
        <p class="quiet">
          In a terminal: <code>{command}</code>
        </p>
      </details>
    </li>
  )
}

function Whom({ condition: { connection, hits } }: { condition: ConditionView }) {
  if (hits.everybody) {
    return <span class="quiet">It hits everybody whom the client provisions.</span>
  }
  if (hits.count === 0) return null
  const further = hits.count - hits.some.length
  return (
    <span class="quiet">
      It hits{' '}
      {hits.some.map(({ id, name }, nth) => (
        <>
          {nth > 0 && ', '}
          {id === null ? (
            name
          ) : (
            <a href={pathOf`/admin/connections/${connection}/people/${id}`}>{name}</a>
          )}
        </>
      ))}
      {further > 0 &&
        (hits.some.length === 0
          ? `${plural(further, 'person', 'people')} whom nobody here knows yet`
          : ` and ${further.toLocaleString('en')} more`)}
      .
    </span>
  )
}
