import { setTimeout as delay } from 'node:timers/promises';
import { mintInternalToken, type Logger } from '@maydan/common';
import {
  errorBody,
  ingestAuthorizeInput,
  ingestAuthorizeOutput,
  type IngestAuthorizeInput,
  type IngestAuthorizeOutput,
} from '@maydan/contracts';

export type RefusalReason = 'keyRefused' | 'rateLimited' | 'apiAway';
export type Verdict =
  | ({ readonly type: 'accepted' } & IngestAuthorizeOutput)
  | { readonly type: 'refused'; readonly reason: RefusalReason };

export interface AuthorizerOptions {
  /** Base URL of the api. */
  readonly apiUrl: string;
  readonly internalSecret: string;
  /** For everything: a slow answer, and retries while the api is away. */
  readonly timeoutMs: number;
  readonly logger: Logger;
}

/** Answers that say nothing about the key: our token isn't taken, the route isn't there, a time-out. */
const ourFault: ReadonlySet<number> = new Set([401, 404, 408]);
const firstBackOffMs = 100;
const maxBackOffMs = 1_000;

/** Asks the api whether a stream key may publish. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #closing = new AbortController();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /**
   * Never rejects. While the api can't be reached or fails, it is asked again with growing pauses; a retry whose
   * first answer got lost only costs one more epoch.
   */
  async authorize(input: IngestAuthorizeInput): Promise<Verdict> {
    const parsed = ingestAuthorizeInput.safeParse(input);
    if (!parsed.success) return { type: 'refused', reason: 'keyRefused' };
    const deadline = Date.now() + this.#options.timeoutMs;
    for (let backOffMs = firstBackOffMs; ; backOffMs = Math.min(backOffMs * 2, maxBackOffMs)) {
      const verdict = await this.#ask(parsed.data, deadline - Date.now());
      if (verdict !== undefined) return verdict;
      if (Date.now() + backOffMs >= deadline || this.#closing.signal.aborted) {
        return { type: 'refused', reason: 'apiAway' };
      }
      await delay(backOffMs);
    }
  }

  /** Resolves when the api answers anything at all. */
  async checkReachable(): Promise<void> {
    const { apiUrl, timeoutMs } = this.#options;
    const response = await fetch(new URL('/health', apiUrl), { signal: AbortSignal.timeout(timeoutMs) });
    await response.body?.cancel();
  }

  /** Gives up what is being asked; those questions count as refused. */
  close(): void {
    this.#closing.abort();
  }

  /** Undefined: the same question may be answered a moment later. */
  async #ask(input: IngestAuthorizeInput, timeoutMs: number): Promise<Verdict | undefined> {
    const { apiUrl, internalSecret, logger } = this.#options;
    try {
      const response = await fetch(new URL('/internal/ingest/authorize', apiUrl), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${mintInternalToken(internalSecret, 'ingest')}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(input),
        redirect: 'error',
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(Math.max(timeoutMs, 1))]),
      });
      const body: unknown = await response.json();
      if (response.ok) return { type: 'accepted', ...ingestAuthorizeOutput.parse(body) };
      return this.#refusal(response.status, body, input.connectionId);
    } catch (error) {
      const reason = describe(error);
      logger.warn({ reason, connectionId: input.connectionId }, 'the api did not answer about a publish');
      return undefined;
    }
  }

  #refusal(status: number, body: unknown, connectionId: string): Verdict | undefined {
    if (status === 429) return { type: 'refused', reason: 'rateLimited' };
    if (status < 500 && !ourFault.has(status)) return { type: 'refused', reason: 'keyRefused' };
    const code = errorBody.safeParse(body).data?.error.code;
    this.#options.logger.error({ status, code, connectionId }, 'the api could not answer about a publish');
    return undefined;
  }
}

/** Not the whole error: its message might quote what was sent or received, and with it the key. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : undefined;
  return code ?? error.name;
}
