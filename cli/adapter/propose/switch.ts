/** How people are switched on and off. */
import type { Operation } from '../openapi/document.ts'
import type { Shape } from '../openapi/shape.ts'
import { membersOf } from './answers.ts'
import type { Collection } from './collection.ts'
import * as words from './words.ts'

const { fold } = words
type Json = Readonly<Record<string, unknown>>

export interface ProposedSwitch {
  readonly active: Json
  /** Member of a create's body that takes the word for on or off. */
  readonly inCreate: string | undefined
}

export interface SwitchContext {
  readonly shown: Shape
  readonly taken: { readonly create: Shape; readonly update: Shape }
  readonly request: (operation: Operation, body?: unknown) => Json
  /** An update with this body, wrapped as the app wants it. */
  readonly update: (body: Json) => Json | undefined
}

export function proposeSwitch(
  collection: Collection,
  context: SwitchContext,
): ProposedSwitch | undefined {
  const { shown, taken, request, update } = context
  const flag = flagIn(shown)
  const calls = callsIn(collection, request)
  if (!flag && !calls) return undefined
  const name = flag?.at.slice(1) ?? ''
  const settable = flag !== undefined && Object.hasOwn(taken.update.properties, name)
  const words = flag?.facts ?? unknownWords
  const told = (word: 'on' | 'off') => {
    const value = [words[word]].flat()[0]
    return settable ? update({ [name]: value }) : undefined
  }
  const enable = calls?.enable ?? told('on')
  const disable = calls?.disable ?? told('off')
  if (!enable || !disable) return undefined
  return {
    active: {
      ...(!calls && collection.update?.method === 'PUT' && { '?': ASK_PUT }),
      at: flag?.at ?? ASK_AT,
      ...words,
      enable,
      disable,
    },
    inCreate: flag?.isWord && Object.hasOwn(taken.create.properties, name) ? name : undefined,
  }
}

const ASK_AT =
  '? Which member of a person says whether they are switched on? Read one who is on and one who is off and compare; write the pointer, such as "/state"'
const ASK_PUT =
  'Does this PUT keep what it is not told? If it does not ("send" of "update" is "full"), place what it would forget as {current/...} in both bodies, or look for a call that changes the switch alone. Take this line out when nothing is lost'
const ASK_ON = '? What does that member hold for somebody who is switched on?'
const ASK_OFF =
  '? What does that member hold for somebody who is switched off? A list, where there are several words'
const unknownWords = { on: ASK_ON, off: ASK_OFF }

interface Flag {
  readonly at: string
  readonly facts: { readonly on: unknown; readonly off: unknown; readonly otherwise?: boolean }
  /** What stands there can be sent as well. */
  readonly isWord: boolean
}

function flagIn(shown: Shape): Flag | undefined {
  const members = membersOf(shown, 2).map((one) => ({ ...one, word: fold(one.name) }))
  const boolean = (word: RegExp) =>
    members.find((one) => one.shape.type === 'boolean' && word.test(one.word))
  const on = boolean(words.ON_FLAG)
  if (on) return { at: on.at, facts: { on: true, off: false }, isWord: true }
  const status = members.find(
    (one) => ['string', 'integer'].includes(one.shape.type) && words.STATUS.test(one.word),
  )
  if (status) return { at: status.at, facts: wordsOf(status.shape), isWord: true }
  const off = boolean(words.OFF_FLAG)
  if (off) return { at: off.at, facts: { on: false, off: true }, isWord: true }
  const time = members.find(
    (one) =>
      ['integer', 'number', 'string'].includes(one.shape.type) && words.OFF_TIME.test(one.word),
  )
  if (!time) return undefined
  // A time: 0 or nothing for somebody who is on, any other for when they were switched off.
  const facts = time.shape.type === 'string' ? { on: null, off: '' } : { on: 0, off: -1 }
  return { at: time.at, facts: { ...facts, otherwise: false }, isWord: false }
}

function wordsOf({ values }: Shape): Flag['facts'] {
  const on = values.filter((value) => words.ON_WORD.test(fold(String(value))))
  const off = values.filter((value) => words.OFF_WORD.test(fold(String(value))))
  const rest = values.filter((value) => !on.includes(value) && !off.includes(value))
  const [only] = on
  if (only === undefined || off.length === 0) {
    const listed = values.length === 0 ? '' : ` The file lists ${values.join(', ')}`
    return { on: `${ASK_ON}${listed}`, off: `${ASK_OFF}.${listed}` }
  }
  if (rest.length === 0 && on.length === 1) return { on: only, off }
  const others = [...on.slice(1), ...rest].join(', ')
  return {
    on: only,
    off: [
      ...off,
      `? What do ${others} mean? Put those here with which a person cannot sign in, and take this line out`,
    ],
  }
}

/** Calls of their own: `POST /users/{id}/block`, or `PUT /users/{id}/active` with a body. */
function callsIn(
  { below }: Collection,
  request: SwitchContext['request'],
): { enable: Json; disable: Json } | undefined {
  const last = ({ path }: Operation) =>
    fold(
      path
        .split('/')
        .at(-1)
        ?.replace(/\.\w+$/, '') ?? '',
    )
  const writes = below.filter(({ method }) => method !== 'GET')
  const pairs = [
    ['enable', 'disable'],
    ['activate', 'deactivate'],
    ['unblock', 'block'],
    ['unsuspend', 'suspend'],
    ['unlock', 'lock'],
  ] as const
  const pair = pairs
    .map(([on, off]) => [find(on), find(off)] as const)
    .find((found) => found.every((one) => one !== undefined))
  function find(word: string) {
    return writes.find((one) => last(one) === word && one.method !== 'DELETE')
  }
  const on = pair?.[0] ?? writes.find((one) => words.ON_CALL.test(last(one)))
  const off = pair?.[1] ?? writes.find((one) => words.OFF_CALL.test(last(one)))
  if (on && off) return { enable: request(on), disable: request(off) }
  const both = writes.find((one) => words.SWITCH_CALL.test(last(one)))
  const [flag] = Object.entries(both?.body.shape.properties ?? {})
  if (!both || !flag) return undefined
  const [name, shape] = flag
  const isOff = words.OFF_FLAG.test(fold(name))
  const { on: onWord, off: offWord } =
    shape.type === 'boolean' ? { on: !isOff, off: isOff } : wordsOf(shape)
  return {
    enable: request(both, { [name]: onWord }),
    disable: request(both, { [name]: [offWord].flat()[0] }),
  }
}
