/** What may be logged of a request line: words that are ours. All others may be a person's, or a token. */
import { CONNECTION_NAME, type Connection } from '../access/connection.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
const OWN_ENDPOINTS = ['Bulk', 'Me', 'Schemas', 'ResourceTypes', 'ServiceProviderConfig', '.search']

export function shownMethod(method: string): (typeof METHODS)[number] | '' {
  return METHODS.find((one) => one === method) ?? ''
}

export function shownName(name: string): string {
  return CONNECTION_NAME.test(name) ? name : ''
}

/** The resource type alone: ids and filters name people. */
export function endpointIn({ definitions }: Connection, path: string): string {
  const [first = ''] = path.split('/')
  const types = [...definitions.values()].map(({ type }) => type.endpoint.replace('/', ''))
  return [...types, ...OWN_ENDPOINTS].find((one) => one.toLowerCase() === first.toLowerCase()) ?? ''
}

/** Of a request that no connection has let in. */
export function outcomeAtDoor(status: number): 'denied' | 'failed' | 'refused' {
  return status === 401 ? 'denied' : status >= 500 ? 'failed' : 'refused'
}
