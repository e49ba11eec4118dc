/** The custom extension that the recorded cases use (`conventions.extension`). */
const simple = (name: string, type: string, multiValued = false) => ({
  name,
  type,
  multiValued,
  description: name,
  required: false,
  caseExact: false,
  mutability: 'readWrite',
  returned: 'default',
  uniqueness: 'none',
})

export const NORDLICHT = {
  resourceType: 'User',
  required: false,
  schema: {
    id: 'urn:ietf:params:scim:schemas:extension:nordlicht:2.0:User',
    name: 'Nordlicht',
    description: 'Nordlicht Robotics',
    attributes: [
      simple('badgeId', 'string'),
      simple('isContractor', 'boolean'),
      simple('hiredOn', 'dateTime'),
      simple('seats', 'integer'),
      simple('costPools', 'string', true),
    ],
  },
}
