import { describe, expect, expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import type {
  Capabilities,
  PendingPort,
  PortFor,
  ReadPort,
  WritePort,
} from '../../src/adapter/contract.ts'
import { defineAdapter } from '../../src/adapter/contract.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'

const READ_ONLY = {
  lookups: [],
  list: { maxPage: 10, order: 'stable', skip: false },
  create: 'none',
  update: 'none',
  active: 'none',
  remove: 'none',
  membership: 'none',
  idsReused: false,
  idempotencyKey: false,
} as const satisfies Capabilities

const reads: ReadPort = {
  get: async () => null,
  find: async () => [],
  list: async () => ({ items: [] }),
}

const create: WritePort['create'] = async () => ({ kind: 'accepted', ticket: '1' })
const poll: PendingPort['poll'] = async () => ({ kind: 'running' })

const common = {
  name: 'probe',
  contract: 1,
  version: '1.0.0',
  settings: z.object({}),
  secrets: [],
  baseUrl: () => 'https://app.example.com',
} as const

const user = <const C extends Capabilities>(capabilities: C) => ({
  User: {
    attributes: { login: { type: 'string', write: 'always' } },
    naming: 'login',
    capabilities,
    mapping: { userName: 'login' },
  } as const,
})

describe('a declared capability makes its method mandatory', () => {
  test('an adapter that declares reads alone needs no other method', () => {
    const adapter = defineAdapter({
      ...common,
      resources: user(READ_ONLY),
      connect: () => ({ User: reads }),
    })
    expect(adapter.name).toBe('probe')
  })

  test('create, update, active, remove and membership do not compile without theirs', () => {
    const declared = [
      defineAdapter({
        ...common,
        resources: user({ ...READ_ONLY, create: 'sync' }),
        // @ts-expect-error create is declared and missing
        connect: () => ({ User: reads }),
      }),
      defineAdapter({
        ...common,
        resources: user({ ...READ_ONLY, update: 'delta' }),
        // @ts-expect-error update is declared and missing
        connect: () => ({ User: reads }),
      }),
      defineAdapter({
        ...common,
        resources: user({ ...READ_ONLY, active: 'native' }),
        // @ts-expect-error setActive is declared and missing
        connect: () => ({ User: reads }),
      }),
      defineAdapter({
        ...common,
        resources: user({ ...READ_ONLY, remove: 'hard' }),
        // @ts-expect-error remove is declared and missing
        connect: () => ({ User: reads }),
      }),
      defineAdapter({
        ...common,
        resources: user({ ...READ_ONLY, membership: 'add-remove' }),
        // @ts-expect-error members, addMembers and removeMembers are declared and missing
        connect: () => ({ User: { ...reads, addMembers: async () => ({ kind: 'ok' }) } }),
      }),
      defineAdapter({
        ...common,
        resources: user(READ_ONLY),
        // @ts-expect-error a declared resource type is missing
        connect: () => ({}),
      }),
      defineAdapter({
        ...common,
        resources: user({ ...READ_ONLY, create: 'async' }),
        // @ts-expect-error a job is asked about by poll, which is missing
        connect: () => ({ User: { ...reads, create } }),
      }),
      defineAdapter({
        ...common,
        resources: user({ ...READ_ONLY, create: 'invite' }),
        // @ts-expect-error an invitation is withdrawn by cancel, which is missing
        connect: () => ({ User: { ...reads, create, poll } }),
      }),
      defineAdapter({
        ...common,
        resources: user({ ...READ_ONLY, create: 'async', membership: 'add-remove' }),
        // @ts-expect-error a group whose members the app holds is made at once
        connect: () => ({ User: { ...reads, create, poll, cancel: poll } }),
      }),
    ]
    expect(declared).toHaveLength(9)
  })

  test('what is not declared is not there to be called', () => {
    expectTypeOf<PortFor<typeof READ_ONLY>>().not.toHaveProperty('create')
    expectTypeOf<PortFor<{ create: 'sync' } & Omit<typeof READ_ONLY, 'create'>>>()
      .toHaveProperty('create')
      .toEqualTypeOf<WritePort['create']>()
  })
})

test('a failure states its effect, and names attributes only where it knows them', () => {
  const failure = new AdapterFailure('conflict', 'taken', { effect: 'none', attributes: ['login'] })
  expect(failure).toMatchObject({ code: 'conflict', effect: 'none', attributes: ['login'] })
  expect(new AdapterFailure('rate', 'slow down', { effect: 'none' }).attributes).toEqual([])
})
