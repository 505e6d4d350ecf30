import { AppError, askListening, isConnectionRefused, mintInternalToken } from '@maydan/common';
import { errorBody, pipeOutput } from '@maydan/contracts';
import type { PipeInput, PipeOutput } from '@maydan/contracts';

/** Another node, as its state of a room tells. */
export interface RemoteNode {
  readonly nodeId: string;
  readonly runId: string;
  readonly internalUrl: string;
}

export interface PipeClientOptions {
  /** INTERNAL_SECRET. */
  readonly secret: string;
  /** Nobody listens where the node was. */
  readonly onRefused: (node: RemoteNode) => void;
}

const timeoutMs = 3_000;
/** A process that goes on answers within this. */
const stillMs = 500;

/** Asks other nodes for pipes. */
export class PipeClient {
  readonly #options: PipeClientOptions;

  constructor(options: PipeClientOptions) {
    this.#options = options;
  }

  /** @throws AppError as the node answered, `unavailable` when it didn't. */
  async open(node: RemoteNode, sessionId: string, input: PipeInput): Promise<PipeOutput> {
    const response = await this.#fetch(node, `/internal/rooms/${sessionId}/pipes`, {
      method: 'POST',
      body: JSON.stringify(input),
    });
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok) return pipeOutput.parse(body);
    const refused = errorBody.safeParse(body);
    throw new AppError(refused.success ? refused.data.error.code : 'unavailable');
  }

  /** Never rejects: a node that can't be told finds out by itself. */
  async close(node: RemoteNode, sessionId: string, pipeId: string): Promise<void> {
    const path = `/internal/rooms/${sessionId}/pipes/${pipeId}`;
    await this.#fetch(node, path, { method: 'DELETE' }).catch(() => undefined);
  }

  /** Whether its process stands still: its kernel takes connections, and no answer comes. Never rejects. */
  async isStill(node: RemoteNode): Promise<boolean> {
    const listening = await askListening(node.internalUrl);
    if (listening === 'refused') this.#options.onRefused(node);
    if (listening !== 'listening') return false;
    return this.#fetch(node, '/internal/rooms', { method: 'HEAD' }, stillMs).then(
      () => false,
      (error: unknown) => !(error instanceof AppError && isConnectionRefused(error.cause)),
    );
  }

  async #fetch(node: RemoteNode, path: string, init: RequestInit, waitMs = timeoutMs): Promise<Response> {
    const authorization = `Bearer ${mintInternalToken(this.#options.secret, 'sfu')}`;
    try {
      return await fetch(node.internalUrl + path, {
        ...init,
        headers: { authorization, 'content-type': 'application/json' },
        signal: AbortSignal.timeout(waitMs),
      });
    } catch (cause) {
      if (isConnectionRefused(cause)) this.#options.onRefused(node);
      throw new AppError('unavailable', undefined, undefined, { cause });
    }
  }
}
