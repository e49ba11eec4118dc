import { AdapterFailure, NotCalled } from './failure.ts'

/**
 * The adapter that is there does not fit this gateway, or this connection. The message is ours and for
 * everybody: it holds no value, and says who must do what.
 */
export class AdapterMismatch extends AdapterFailure {
  constructor(message: string) {
    super('protocol', message, { effect: 'none', answered: true })
  }
}

/** Its Worker was deployed anew since its description was read: nothing was done, and the next request fits. */
export class AdapterChanged extends NotCalled {
  constructor() {
    super('unavailable', 'the private adapter was deployed anew', 1)
  }
}
