/** Ends `npm start`: what went wrong, and what the person at the terminal can do about it. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly advice: string

  constructor(message: string, advice: string, options?: ErrorOptions) {
    super(message, options)
    this.advice = advice
  }
}
