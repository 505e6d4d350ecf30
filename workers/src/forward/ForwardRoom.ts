import type { MediaKind } from '@maydan/contracts';
import type { SfuClientOptions } from '../sfu/SfuClient.ts';
import { IngressPeer } from './IngressPeer.ts';

export interface ForwardRoomOptions {
  readonly join: SfuClientOptions;
  /** Media time that is captured now; null while unknown. */
  readonly captureMs: () => number | null;
  readonly onAudience: (viewers: number) => void;
  /** The room has just begun to take pictures and has seen none. */
  readonly onPictureWanted: () => void;
}

const retry = { firstMs: 200, longestMs: 2_000 };
/** Another run of ours is in the room: whose job it is shows soon. */
const takenOverMs = 3_000;
/** A track of which nothing came for so long, while the other goes on, is no track of the source any more. */
const goneMs = 5_000;

/** Keeps the source's peer in its room while it is wanted: joins, joins again after a loss, leaves. */
export class ForwardRoom {
  readonly #options: ForwardRoomOptions;
  readonly #seenMs = new Map<MediaKind, number>();
  #peer: IngressPeer | null = null;
  #joining: Promise<void> | null = null;
  #isWanted = false;
  #delayMs = retry.firstMs;
  #notBeforeMs = 0;

  constructor(options: ForwardRoomOptions) {
    this.#options = options;
  }

  get isJoined(): boolean {
    return this.#peer !== null;
  }

  /** Joins, or leaves. To be called again and again: each call sees to what isn't as wanted yet. */
  want(isWanted: boolean): void {
    this.#isWanted = isWanted;
    if (isWanted) this.#join();
    else void this.#leave();
  }

  /** The source has media of this kind. */
  offer(kind: MediaKind): void {
    this.#seenMs.set(kind, Date.now());
    if (this.#peer !== null) this.#peer.offer(kind);
    else this.#join();
  }

  sendPicture(units: readonly Uint8Array[], parameterSets: readonly Uint8Array[], timeMs: number): void {
    this.#peer?.sendPicture(units, parameterSets, timeMs);
  }

  /** `level` as RFC 6464 tells it; null: unknown. */
  sendSound(frame: Uint8Array, timeMs: number, level: number | null): void {
    this.#peer?.sendSound(frame, timeMs, level);
  }

  /** Takes back a track that the source has no more. */
  tidy(nowMs = Date.now()): void {
    const newest = Math.max(...this.#seenMs.values());
    for (const [kind, seenMs] of this.#seenMs) {
      if (nowMs - newest > goneMs / 2 || nowMs - seenMs < goneMs) continue;
      this.#seenMs.delete(kind);
      this.#peer?.withdraw(kind);
    }
  }

  async close(): Promise<void> {
    this.#isWanted = false;
    await this.#joining;
    await this.#leave();
  }

  #join(): void {
    if (!this.#isWanted || this.#peer !== null || this.#joining !== null) return;
    if (Date.now() < this.#notBeforeMs) return;
    this.#joining = this.#joinOnce().finally(() => (this.#joining = null));
  }

  async #joinOnce(): Promise<void> {
    const { join, captureMs, onAudience, onPictureWanted } = this.#options;
    try {
      const peer = await IngressPeer.join(join, captureMs);
      peer.on('audience', onAudience);
      peer.on('producing', (kind) => kind === 'video' && onPictureWanted());
      peer.once('closed', (reason) => {
        this.#peer = null;
        onAudience(0);
        join.log.info({ reason }, 'out of the room');
        if (reason !== 'left') this.#notBeforeMs = Date.now() + (reason === 'takenOver' ? takenOverMs : 0);
        this.#join();
      });
      this.#peer = peer;
      onAudience(peer.viewers);
      this.#delayMs = retry.firstMs;
      if (!this.#isWanted) await this.#leave();
    } catch (error) {
      join.log.info({ err: error }, 'the room can not be joined yet');
      this.#notBeforeMs = Date.now() + this.#delayMs;
      this.#delayMs = Math.min(retry.longestMs, this.#delayMs * 2);
    }
  }

  async #leave(): Promise<void> {
    await this.#peer?.leave();
  }
}
