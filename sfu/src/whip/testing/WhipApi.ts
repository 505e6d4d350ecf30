import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyInternalToken } from '@maydan/common';
import { whipAuthorizeInput, type WhipAuthorizeOutput } from '@maydan/contracts';

type SessionType = WhipAuthorizeOutput['sessionType'];

/** Stands in for the one question that WHIP asks the api: the stream keys it knows are those of `allow`. */
export class WhipApi {
  readonly #server: Server;
  readonly #internalSecret: string;
  readonly #grants = new Map<string, WhipAuthorizeOutput>();

  static async start(internalSecret: string): Promise<WhipApi> {
    const api = new WhipApi(internalSecret);
    api.#server.listen(0, '127.0.0.1');
    await once(api.#server, 'listening');
    return api;
  }

  private constructor(internalSecret: string) {
    this.#internalSecret = internalSecret;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A new stream key with its session. */
  allow(sessionType: SessionType = 'video'): { streamKey: string; grant: WhipAuthorizeOutput } {
    const streamKey = `key-${randomUUID()}`;
    const grant = {
      sessionId: randomUUID(),
      playbackId: randomUUID().replaceAll('-', ''),
      sessionType,
      peerId: randomUUID(),
      userId: randomUUID(),
      displayName: 'Host',
    };
    this.#grants.set(streamKey, grant);
    return { streamKey, grant };
  }

  /** Who publishes with this key next is another peer. Tells what the api then has the sfu do with the one before. */
  takeOver(streamKey: string): {
    type: 'removePeer';
    sessionId: string;
    whom: { peerId: string };
    reason: 'takenOver';
  } {
    const older = this.#grants.get(streamKey);
    if (older === undefined) throw new Error('no such key');
    this.#grants.set(streamKey, { ...older, peerId: randomUUID() });
    const { sessionId, peerId } = older;
    return { type: 'removePeer', sessionId, whom: { peerId }, reason: 'takenOver' };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** As the api's `POST /internal/whip/authorize`. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    verifyInternalToken(this.#internalSecret, token);
    const { streamKey } = whipAuthorizeInput.parse(JSON.parse(Buffer.concat(chunks).toString()));
    const grant = request.url === '/internal/whip/authorize' ? this.#grants.get(streamKey) : undefined;
    const refusal = { error: { code: 'stream_key_refused', message: 'The stream key is not valid.' } };
    response.writeHead(grant === undefined ? 403 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(grant ?? refusal));
  }
}
