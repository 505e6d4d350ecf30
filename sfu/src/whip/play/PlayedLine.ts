import { AppError, type Logger } from '@maydan/common';
import type { types } from 'mediasoup';
import type { Peer } from '../../rooms/Peer.ts';
import type { Room } from '../../rooms/Room.ts';
import type { Playable } from '../sdp/play.ts';
import { choosePlayed } from './choosePlayed.ts';

/**
 * Players may lose what comes before they are set up behind DTLS, and not all of them ask for another key frame when the first
 * was lost so (aiortc doesn't): they would stay black.
 */
const askAgainMs = 1_000;

export interface PlayedLineInit {
  readonly room: Room;
  readonly peer: Peer;
  readonly transport: types.WebRtcTransport;
  readonly playable: Playable;
  readonly logger: Logger;
}

/**
 * One m-line of a player. It always carries the best producer of its kind that the player can decode; another one takes
 * its place on the same m-line, without a new offer: the player knows all codecs from its answer, and tells streams by
 * payload type (RFC 8843, section 9.2).
 */
export class PlayedLine {
  readonly #init: PlayedLineInit;
  #playing: { readonly producerId: string; readonly consumer: types.Consumer } | null = null;
  #work: Promise<void> = Promise.resolve();

  constructor(init: PlayedLineInit) {
    this.#init = init;
  }

  get producerId(): string | null {
    return this.#playing?.producerId ?? null;
  }

  /** Takes up what is best now. Calls are done one after the other; never rejects. */
  update(): Promise<void> {
    this.#work = this.#work
      .then(() => this.#update())
      .catch((error: unknown) => {
        if (!this.#init.peer.closed)
          this.#init.logger.warn({ err: error }, 'a player could not be given media');
      });
    return this.#work;
  }

  async #update(): Promise<void> {
    const { room, peer, playable } = this.#init;
    if (peer.closed) return;
    for (const producer of choosePlayed(room.producers, playable.answer.media.kind)) {
      if (producer.id === this.#playing?.producerId && !this.#playing.consumer.closed) break;
      const consumer = await this.#consume(producer.id);
      if (consumer === null) continue;
      this.#playing?.consumer.close();
      this.#playing = { producerId: producer.id, consumer };
      break;
    }
    if (this.#playing?.consumer.closed === true) this.#playing = null;
    await this.#resume();
  }

  /** Null for what the player can't decode or what is gone by now. */
  async #consume(producerId: string): Promise<types.Consumer | null> {
    const { peer, transport, playable } = this.#init;
    try {
      return await peer.consumers.create(transport.id, {
        producerId,
        rtpCapabilities: playable.rtpCapabilities,
      });
    } catch (error) {
      const passed =
        error instanceof AppError && ['unsupported_media_type', 'not_found'].includes(error.code);
      if (passed) return null;
      throw error;
    }
  }

  /** Before DTLS is through, whatever is sent is lost, and with it the first key frame. */
  async #resume(): Promise<void> {
    const { peer, transport } = this.#init;
    const consumer = this.#playing?.consumer;
    if (consumer?.paused !== true || transport.dtlsState !== 'connected') return;
    await peer.consumers.resume(consumer.id);
    if (consumer.kind === 'video') this.#askAgainLater(consumer);
  }

  #askAgainLater(consumer: types.Consumer): void {
    const { peer, logger } = this.#init;
    const timer = setTimeout(() => {
      peer.consumers.requestKeyFrame(consumer.id).catch((error: unknown) => {
        if (!consumer.closed) logger.warn({ err: error }, 'no key frame can be asked for');
      });
    }, askAgainMs);
    consumer.observer.once('close', () => clearTimeout(timer));
  }
}
