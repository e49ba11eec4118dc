/** A connection whose schemas have every characteristic and every type that RFC 7643 §7 knows. */
import { NORDLICHT } from '../idp/nordlicht.ts'

const part = (name: string, type: string, rest: object = {}) => ({ name, type, ...rest })

export const LABORATORY = {
  extensions: [
    NORDLICHT,
    {
      resourceType: 'User',
      schema: {
        id: 'urn:example:params:scim:schemas:extension:lab:2.0:User',
        name: 'Laboratory',
        attributes: [
          part('badge', 'string', { mutability: 'immutable' }),
          part('pin', 'string', { mutability: 'writeOnly', returned: 'never' }),
          part('history', 'string', { returned: 'request' }),
          part('tag', 'string', { returned: 'always' }),
          part('code', 'string', { caseExact: true }),
          part('issued', 'dateTime', { mutability: 'readOnly' }),
          part('ratio', 'decimal'),
          part('level', 'integer'),
          part('started', 'dateTime'),
          part('cleared', 'boolean'),
          part('key', 'binary'),
          part('home', 'reference', { referenceTypes: ['external'] }),
          part('tools', 'string', { multiValued: true }),
          part('scores', 'integer', { multiValued: true }),
          part('desk', 'complex', {
            subAttributes: [part('room', 'string'), part('floor', 'integer')],
          }),
          part('shifts', 'complex', {
            multiValued: true,
            subAttributes: [
              part('value', 'string'),
              part('type', 'string'),
              part('primary', 'boolean'),
              part('hours', 'integer'),
              part('from', 'dateTime'),
            ],
          }),
        ],
      },
    },
    {
      resourceType: 'Device',
      schema: {
        id: 'urn:example:params:scim:schemas:core:2.0:Device',
        name: 'Device',
        attributes: [
          part('serial', 'string', {
            required: true,
            caseExact: true,
            mutability: 'immutable',
            uniqueness: 'server',
          }),
          part('label', 'string'),
          part('ports', 'complex', {
            multiValued: true,
            subAttributes: [part('value', 'string'), part('speed', 'integer')],
          }),
        ],
      },
    },
    {
      resourceType: 'Device',
      schema: {
        id: 'urn:example:params:scim:schemas:extension:site:2.0:Device',
        name: 'Site',
        attributes: [part('hall', 'string'), part('row', 'integer')],
      },
    },
  ],
  resourceTypes: [
    {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
      id: 'Device',
      name: 'Device',
      description: 'A device of the laboratory',
      endpoint: '/Devices',
      schema: 'urn:example:params:scim:schemas:core:2.0:Device',
      schemaExtensions: [
        { schema: 'urn:example:params:scim:schemas:extension:site:2.0:Device', required: false },
      ],
    },
  ],
}
