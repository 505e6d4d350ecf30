import type { ApiClient } from '@maydan/contracts';
import { RtmpTarget } from '../../workers/src/restream/testing/RtmpTarget.ts';

/** Frames that a target was sent, over all connections. */
export interface Restreamed {
  readonly pictures: number;
  readonly sounds: number;
}

/** For tests: a place of the broadcaster's that their sessions go to, too. The stack needs RESTREAM_ALLOW_PRIVATE. Who starts it closes it. */
export class RestreamPlace {
  readonly #target: RtmpTarget;
  readonly #remove: () => Promise<unknown>;
  #closing: Promise<void> | undefined;
  #before = 0;

  static async start(broadcaster: ApiClient): Promise<RestreamPlace> {
    const target = await RtmpTarget.start();
    const wanted = { name: 'elsewhere', url: target.url, streamKey: 'a-stream-key' };
    const { id } = await broadcaster.restream.create(wanted);
    return new RestreamPlace(target, () => broadcaster.restream.remove({ id }));
  }

  private constructor(target: RtmpTarget, remove: () => Promise<unknown>) {
    this.#target = target;
    this.#remove = remove;
  }

  /** What came before is forgotten. */
  reset(): void {
    this.#before = this.#target.visits.length;
  }

  /** H.264 and AAC, each behind its configuration; never fewer than before. */
  get sent(): Restreamed {
    const visits = this.#target.visits.slice(this.#before);
    const framesOf = (type: number, format: number): number =>
      visits.reduce((sum, { media }) => {
        const kinds = media
          .filter((message) => message.type === type)
          .map(({ payload: [first = 0, kind = 0] }) => ((first & format) === format ? kind : -1));
        return sum + (kinds[0] === 0 ? kinds.filter((kind) => kind === 1).length : 0);
      }, 0);
    return { pictures: framesOf(9, 0x07), sounds: framesOf(8, 0xa0) };
  }

  /** Sessions go there no more. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    try {
      await this.#remove();
    } finally {
      await this.#target.close();
    }
  }
}
