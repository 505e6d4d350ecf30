/** Something a person has to do; the message says what is missing and how to get it. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}
