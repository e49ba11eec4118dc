import { AdapterFailure } from './failure.ts'

/**
 * The adapter that is there does not fit this gateway, or this connection. The message is ours and for
 * everybody: it holds no value, and says who must do what.
 */
export class AdapterMismatch extends AdapterFailure {
  constructor(message: string) {
    super('protocol', message, { effect: 'none', answered: true })
  }
}
