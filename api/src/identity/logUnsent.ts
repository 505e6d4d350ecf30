import type { Logger } from '@maydan/common';
import type { ApiConfig } from '../config.ts';

/** A message that there is nothing to send by. */
interface Unsent {
  /** Like `a mail`. */
  readonly what: string;
  /** What is missing, with the variable that would name it. */
  readonly because: string;
  readonly content: object;
}

/** In development the message, with its code, is in the log, so that one can go on without; nowhere else. */
export function logUnsent(
  logger: Logger,
  config: Pick<ApiConfig, 'NODE_ENV'>,
  { what, because, content }: Unsent,
): Promise<void> {
  if (config.NODE_ENV === 'development') logger.info(content, `${what} would be sent`);
  else logger.warn(`${what} was not sent: ${because}`);
  return Promise.resolve();
}
