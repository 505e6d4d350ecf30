import { AppError, mintInternalToken, type Logger } from '@maydan/common';
import {
  errorBody,
  whipAuthorizeInput,
  whipAuthorizeOutput,
  type WhipAuthorizeInput,
  type WhipAuthorizeOutput,
} from '@maydan/contracts';

export interface WhipAuthorizerOptions {
  /** Base URL of the api. */
  readonly apiUrl: string;
  readonly internalSecret: string;
  readonly timeoutMs?: number;
  readonly logger: Logger;
}

/** Answers that say nothing about the key: our token isn't taken, the route isn't there, a time-out. */
const ourFault: ReadonlySet<number> = new Set([401, 404, 408]);

/** Asks the api whose stream key this is and which session it publishes to. */
export class WhipAuthorizer {
  readonly #options: WhipAuthorizerOptions;

  constructor(options: WhipAuthorizerOptions) {
    this.#options = options;
  }

  /**
   * Throws the api's refusal (`stream_key_refused`, `account_banned`, `rate_limited`, ...), and `unavailable` (503) while
   * it can't be asked: a WHIP client tries again by itself.
   */
  async authorize(input: WhipAuthorizeInput): Promise<WhipAuthorizeOutput> {
    const parsed = whipAuthorizeInput.safeParse(input);
    if (!parsed.success) throw new AppError('stream_key_refused');
    const { status, body } = await this.#ask(parsed.data);
    if (status < 300) {
      const answer = whipAuthorizeOutput.safeParse(body);
      if (answer.success) return answer.data;
      // Not the client's fault, which a ZodError would be taken for.
      throw new AppError('internal', undefined, undefined, { cause: answer.error });
    }
    const refusal = errorBody.safeParse(body).data?.error;
    if (refusal !== undefined && status < 500 && !ourFault.has(status)) {
      throw new AppError(refusal.code, refusal.message, refusal.details);
    }
    this.#options.logger.error(
      { status, code: refusal?.code },
      'the api could not answer about a stream key',
    );
    throw new AppError('unavailable');
  }

  async #ask(input: WhipAuthorizeInput): Promise<{ status: number; body: unknown }> {
    const { apiUrl, internalSecret, timeoutMs = 5_000, logger } = this.#options;
    try {
      const response = await fetch(new URL('/internal/whip/authorize', apiUrl), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${mintInternalToken(internalSecret, 'sfu')}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(input),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      return { status: response.status, body: await response.json() };
    } catch (error) {
      // Not the whole error: its message might quote what was sent, and with it the key.
      logger.warn({ reason: error instanceof Error ? error.name : 'unknown' }, 'the api did not answer');
      throw new AppError('unavailable');
    }
  }
}
