/** What an administrator says of a directory. */
import * as z from 'zod'
import { parseDn } from '../../src/adapter/ldap/dn.ts'

const dn = (example: string) =>
  z
    .string()
    .refine((text) => parseDn(text) !== undefined, `must be a distinguished name, like ${example}`)
    .meta({ examples: [example] })

export const settingsSchema = z
  .strictObject({
    url: z
      .string()
      .regex(/^ldaps?:\/\//i, 'must begin with ldaps://, or with ldap:// for StartTLS')
      .meta({ examples: ['ldaps://ldap.example.com'] }),
    transport: z
      .enum(['startTls', 'plain'])
      .default('startTls')
      .meta({ description: 'Of ldap://; plain is for development alone' }),
    bindDn: dn('cn=postern,ou=services,dc=example,dc=com').meta({ description: 'Who signs in' }),
    peopleBase: dn('ou=people,dc=example,dc=com').meta({
      description: 'People are looked for below it, at any depth, and made right below it',
    }),
    groupsBase: dn('ou=groups,dc=example,dc=com').meta({ description: 'The same for groups' }),
    rdn: z
      .enum(['uid', 'cn', 'mail', 'employeeNumber'])
      .default('uid')
      .meta({ description: 'The attribute that new people are named by' }),
    placeholder: dn('cn=nobody,dc=example,dc=com').optional().meta({
      description: 'Member of every group that is made: a group needs one. Never shown',
    }),
    protected: z
      .array(dn('cn=admin,dc=example,dc=com'))
      .default([])
      .meta({ description: 'People and groups that Postern reads and never writes' }),
  })
  .transform((settings) => ({
    ...settings,
    placeholder: settings.placeholder ?? `cn=postern-placeholder,${settings.groupsBase}`,
  }))

export type Settings = z.output<typeof settingsSchema>
