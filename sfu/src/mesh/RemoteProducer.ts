import { randomUUID } from 'node:crypto';
import { AppError } from '@maydan/common';
import type { Logger } from '@maydan/common';
import type { MediaKind } from '@maydan/contracts';
import type { types } from 'mediasoup';
import type { ProducerOrigin } from '../rooms/RoomProducer.ts';
import type { ConsumerCounts } from './ConsumerCounts.ts';
import { connectEnd, createPipeEnd, describeEnd } from './createPipeEnd.ts';
import type { PipeSettings } from './createPipeEnd.ts';
import type { PipeClient, RemoteNode } from './PipeClient.ts';

export interface RemoteProducerOptions {
  readonly sessionId: string;
  readonly producerId: string;
  readonly kind: MediaKind;
  readonly paused: boolean;
  /** Where it is sent. */
  readonly node: RemoteNode;
  /** Who asks. */
  readonly self: { readonly nodeId: string; readonly runId: string };
  /** Where it is needed. */
  readonly router: types.Router;
  readonly counts: ConsumerCounts;
  readonly client: PipeClient;
  readonly settings: PipeSettings;
  readonly logger: Logger;
}

interface Pipe {
  readonly id: string;
  readonly transport: types.PipeTransport;
  readonly producer: types.Producer;
}

/** A picture that nobody looks at any more may be wanted again at once: a viewer who switches, or reloads the page. */
const idleMs = 5_000;

/**
 * Where a producer of another node comes into this one: one pipe however many receive it here. Made when it is first needed;
 * that of a picture is closed again while nobody does. Sound is kept, since the room listens for who speaks.
 */
export class RemoteProducer implements ProducerOrigin {
  readonly #options: RemoteProducerOptions;
  #pipe: Promise<Pipe> | null = null;
  #current: Pipe | null = null;
  #paused: boolean;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: RemoteProducerOptions) {
    this.#options = options;
    this.#paused = options.paused;
    options.counts.on('unused', this.#unused);
  }

  /** True while there is a pipe. */
  get isPiped(): boolean {
    return this.#current !== null;
  }

  /** Of the pipe that there is at present. */
  get pipeId(): string | null {
    return this.#current?.id ?? null;
  }

  /** @throws AppError as the other node refuses; `unavailable` when it doesn't answer. */
  async open(): Promise<{ producer: types.Producer; router: types.Router }> {
    if (this.#closed) throw new AppError('not_found');
    this.#pipe ??= this.#create();
    const { producer } = await this.#pipe;
    return { producer, router: this.#options.router };
  }

  async setPaused(paused: boolean): Promise<void> {
    this.#paused = paused;
    if (this.#current !== null) await this.#applyPause(this.#current.producer);
  }

  touch(): void {
    clearTimeout(this.#idle);
    if (this.#current === null || this.#options.kind === 'audio') return;
    this.#idle = setTimeout(() => this.#closeUnused(), idleMs);
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#idle);
    this.#options.counts.off('unused', this.#unused);
    this.#current?.transport.close();
  }

  readonly #unused = (producerId: string): void => {
    if (producerId === this.#current?.producer.id) this.touch();
  };

  #closeUnused(): void {
    const { counts } = this.#options;
    if (this.#current !== null && counts.of(this.#current.producer.id) === 0) this.#current.transport.close();
  }

  async #create(): Promise<Pipe> {
    const { router, settings, node, client, sessionId } = this.#options;
    const id = randomUUID();
    let transport: types.PipeTransport | undefined;
    try {
      transport = await createPipeEnd(router, settings, settings.srtp);
      const producer = await this.#connect(transport, id);
      if (this.#closed) throw new AppError('not_found');
      return await this.#opened({ id, transport, producer });
    } catch (cause) {
      this.#pipe = null;
      transport?.close();
      void client.close(node, sessionId, id);
      if (cause instanceof AppError) throw cause;
      throw new AppError('unavailable', undefined, undefined, { cause });
    }
  }

  async #connect(transport: types.PipeTransport, pipeId: string): Promise<types.Producer> {
    const { node, client, sessionId, producerId, self } = this.#options;
    const { nodeId, runId } = self;
    const input = { pipeId, nodeId, runId, producerId, end: describeEnd(transport) };
    const { end, kind, rtpParameters } = await client.open(node, sessionId, input);
    await connectEnd(transport, end);
    // The schema leaves the names of codecs and header extensions open, which mediasoup made itself.
    const parameters = rtpParameters as types.RtpParameters;
    return transport.produce({ kind, rtpParameters: parameters, paused: this.#paused });
  }

  async #opened(pipe: Pipe): Promise<Pipe> {
    const { node, client, sessionId, producerId, logger } = this.#options;
    this.#current = pipe;
    pipe.transport.observer.once('close', () => {
      this.#current = null;
      this.#pipe = null;
      clearTimeout(this.#idle);
      void client.close(node, sessionId, pipe.id);
    });
    logger.info({ producerId, fromNodeId: node.nodeId }, 'pipe from another node');
    // It may have been paused or allowed again on the way.
    await this.#applyPause(pipe.producer);
    this.touch();
    return pipe;
  }

  async #applyPause(producer: types.Producer): Promise<void> {
    if (producer.closed || producer.paused === this.#paused) return;
    await (this.#paused ? producer.pause() : producer.resume());
  }
}
