/** A program did not do what it was started for; the message says which, and holds the last lines it printed. */
export class ProcessFailure extends Error {
  override readonly name = 'ProcessFailure';
}
