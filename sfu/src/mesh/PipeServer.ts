import { AppError } from '@maydan/common';
import type { Logger } from '@maydan/common';
import type { PipeInput, PipeOutput } from '@maydan/contracts';
import type { types } from 'mediasoup';
import type { Room } from '../rooms/Room.ts';
import { connectEnd, createPipeEnd, describeEnd } from './createPipeEnd.ts';
import type { PipeSettings } from './createPipeEnd.ts';

interface OutgoingPipe {
  readonly sessionId: string;
  readonly nodeId: string;
  readonly runId: string;
  readonly transport: types.PipeTransport;
  readonly madeAtMs: number;
}

export interface Swept {
  readonly sessionId: string;
  readonly pipeId: string;
}

/** Who asks for a pipe has told of its room just before; until then this is believed. */
const unknownForMs = 5_000;
/** Over all rooms; each takes a port. */
const mostPipes = 4_000;

/** This node's ends of the pipes that other nodes asked for. */
export class PipeServer {
  readonly #settings: PipeSettings;
  readonly #logger: Logger;
  readonly #pipes = new Map<string, OutgoingPipe>();

  constructor(settings: PipeSettings, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
  }

  get size(): number {
    return this.#pipes.size;
  }

  /**
   * Sends a producer of this node to another one.
   * @throws AppError `not_found` when it is no longer sent here, `conflict` for an id used twice, `forbidden` without
   * SRTP where this node demands it, `overloaded`.
   */
  async open(room: Room, { pipeId, nodeId, runId, producerId, end }: PipeInput): Promise<PipeOutput> {
    const shown = room.producer(producerId);
    // What comes from a third node is asked for there: pipes don't form chains.
    if (shown?.nodeId !== null) throw new AppError('not_found');
    if (this.#pipes.has(pipeId)) throw new AppError('conflict');
    if (this.#pipes.size >= mostPipes) throw new AppError('overloaded');
    if (this.#settings.srtp && end.srtp === null) throw new AppError('forbidden', 'This node pipes by SRTP.');
    const { id } = await shown.onRouter(room.router);
    const transport = await createPipeEnd(room.router, this.#settings, end.srtp !== null);
    const { sessionId } = room;
    this.#pipes.set(pipeId, { sessionId, nodeId, runId, transport, madeAtMs: Date.now() });
    transport.observer.once('close', () => this.#pipes.delete(pipeId));
    try {
      await connectEnd(transport, end);
      const consumer = await transport.consume({ producerId: id });
      consumer.observer.once('close', () => transport.close());
      this.#logger.info({ sessionId, producerId, toNodeId: nodeId }, 'pipe to another node');
      const rtpParameters = consumer.rtpParameters as PipeOutput['rtpParameters'];
      return { end: describeEnd(transport), kind: consumer.kind, rtpParameters };
    } catch (error) {
      transport.close();
      throw error;
    }
  }

  /** Idempotent. */
  close(sessionId: string, pipeId: string): void {
    const pipe = this.#pipes.get(pipeId);
    if (pipe?.sessionId === sessionId) pipe.transport.close();
  }

  /** Closes what nobody is at the other end of any more, as it seems: a node that died says nothing. Returns what it closed. */
  sweep(isThere: (pipe: { sessionId: string; nodeId: string; runId: string }) => boolean): Swept[] {
    const beforeMs = Date.now() - unknownForMs;
    const swept = [...this.#pipes].filter(([, pipe]) => pipe.madeAtMs < beforeMs && !isThere(pipe));
    for (const [, { transport }] of swept) transport.close();
    return swept.map(([pipeId, { sessionId }]) => ({ sessionId, pipeId }));
  }
}
