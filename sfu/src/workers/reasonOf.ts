/** What a Worker says of a request that failed, without the request. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(/ \[method:.*$/, '') : String(cause);
}
