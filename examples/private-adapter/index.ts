/** A private adapter: a Worker of its own, which Postern reaches by a service binding. */
import { serveAdapter } from 'postern/adapter/serve'
import { oakDesk } from './adapter.ts'

export default serveAdapter(oakDesk)
