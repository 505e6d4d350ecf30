import type { FlvTag } from '../source/flv/FlvParser.ts';
import { RelayReader, type RelayReaderOptions } from '../source/RelayReader.ts';
import { formOf, isFrame, offeredFourCcs, type TagForm } from './rtmp/codecs.ts';
import { fault, type PushFault } from './rtmp/PushFault.ts';
import { RtmpPush, type RtmpPushOptions } from './rtmp/RtmpPush.ts';

export interface PushLimits {
  /** What may wait for a target; more than the relay's cached group of pictures, which comes at once. */
  readonly waitingBytes: number;
  /** A target that takes nothing for this long, of the time in which this process ran, is cut. */
  readonly stallMs: number;
  /** From the connection to the target's consent. */
  readonly answerMs: number;
}

export const defaultPushLimits: PushLimits = {
  waitingBytes: 32 * 2 ** 20,
  stallMs: 10_000,
  answerMs: 15_000,
};
const watchMs = 500;

export interface TargetPushOptions
  extends Omit<RtmpPushOptions, 'fourCcs' | 'answerMs'>, Pick<RelayReaderOptions, 'relayUrl' | 'mintToken'> {
  readonly limits: PushLimits;
  /** Asked before each write: another run may have the target. */
  readonly mayPush: () => boolean;
  /** The target takes media from now on. */
  readonly onLive: () => void;
}

type NamedForm = Extract<TagForm, { codec: string }>;

export interface PushOutcome {
  /** Null: the source ended or changed, or we closed it. */
  readonly fault: PushFault | null;
  /** How long the target took media. */
  readonly liveMs: number;
}

/**
 * One connection from a relay to a target. The relay comes first, so that no target sees an empty publish; it waits while
 * the target is asked. Afterwards nothing waits for the target: what it is too slow for ends the connection. Single use.
 */
export class TargetPush {
  readonly #options: TargetPushOptions;
  readonly #reader: RelayReader;
  readonly #watch: NodeJS.Timeout;
  readonly #ended = Promise.withResolvers<PushOutcome>();
  readonly #held: FlvTag[] = [];
  #push: RtmpPush | null = null;
  #isOffered = false;
  #liveSinceMs: number | null = null;
  #baseMs: number | null = null;
  #isOver = false;
  #takenBytes = 0;
  /** Of this process's own time: while it stands still itself, no target can take anything. */
  #stalledMs = 0;

  constructor(options: TargetPushOptions) {
    this.#options = options;
    this.#reader = new RelayReader(options);
    this.#reader.on('tags', (tags) => this.#take(tags));
    this.#reader.once('ended', () => this.#end(null));
    this.#watch = setInterval(() => this.#tick(), watchMs);
    this.#reader.start();
  }

  get ended(): Promise<PushOutcome> {
    return this.#ended.promise;
  }

  /** Taken by the target's side of the connection. */
  get byteLength(): number {
    return this.#push?.writer.takenBytes ?? 0;
  }

  /** Ends the publish in order. Idempotent. */
  close(): void {
    this.#end(null);
  }

  /** Sends nothing more, not even a farewell: somebody else may have the target. Idempotent. */
  cut(): void {
    this.#push?.end(fault('internal', 'Another worker goes on.'));
    this.#end(null);
  }

  #take(tags: readonly FlvTag[]): void {
    if (this.#isOver) return;
    if (this.#liveSinceMs !== null) return this.#sendAll(tags);
    this.#held.push(...tags);
    if (this.#push === null && this.#held.some(isFrame)) this.#begin();
  }

  #begin(): void {
    const forms = this.#held.map(formOf);
    const unsupported = forms.find((form): form is NamedForm => form.type === 'unsupported');
    if (unsupported !== undefined) return this.#end(unsupportedFault(unsupported));
    this.#reader.pause();
    const { limits, ...options } = this.#options;
    this.#isOffered = forms.some(({ type }) => type === 'enhanced');
    const fourCcs = this.#isOffered ? offeredFourCcs : [];
    const push = new RtmpPush({ ...options, fourCcs, answerMs: limits.answerMs });
    this.#push = push;
    void push.ended.then((reason) => this.#end(reason));
    void push.published.then((isPublished) => {
      if (isPublished && !this.#isOver) this.#goLive();
    });
  }

  #goLive(): void {
    this.#liveSinceMs = performance.now();
    this.#options.onLive();
    this.#sendAll(this.#held.splice(0));
    this.#reader.resume();
  }

  #sendAll(tags: readonly FlvTag[]): void {
    if (!this.#options.mayPush()) return this.cut();
    for (const tag of tags) {
      const refusal = this.#send(tag);
      if (refusal !== undefined) return this.#end(refusal);
    }
    this.#look();
  }

  /** Why nothing can be sent any more: null when a new connection may do better. */
  #send(tag: FlvTag): PushFault | null | undefined {
    const form = formOf(tag);
    if (form.type === 'unsupported') return unsupportedFault(form);
    if (form.type === 'left') return undefined;
    if (form.type === 'enhanced' && this.#push?.takes(form.codec) !== true) {
      return this.#isOffered ? unsupportedFault(form) : null;
    }
    this.#push?.send(tag, this.#timeOf(tag));
    return undefined;
  }

  /** From the first frame on; configurations may be older. Timestamps wrap (32 bits). */
  #timeOf(tag: FlvTag): number {
    if (this.#baseMs === null && isFrame(tag)) this.#baseMs = tag.timestampMs;
    return this.#baseMs === null ? 0 : Math.max(0, (tag.timestampMs - this.#baseMs) | 0);
  }

  /** However late: what the target took meanwhile is known before the next one. */
  #tick(): void {
    if (this.#push !== null) this.#stalledMs += watchMs;
    this.#look();
  }

  #look(): void {
    const { limits, mayPush } = this.#options;
    if (this.#push === null || this.#isOver) return;
    if (!mayPush()) return this.cut();
    const { waitingBytes, takenBytes } = this.#push.writer;
    if (waitingBytes === 0 || takenBytes > this.#takenBytes) this.#stalledMs = 0;
    this.#takenBytes = takenBytes;
    if (this.#stalledMs > limits.stallMs)
      return this.#end(fault('stalled', `The target took nothing for ${limits.stallMs / 1_000} s.`));
    if (waitingBytes > limits.waitingBytes)
      this.#end(fault('tooSlow', 'The target takes less than the source sends.'));
  }

  #end(reason: PushFault | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#watch);
    this.#reader.close();
    if (reason === null) this.#push?.close();
    else this.#push?.end(reason);
    const liveMs = this.#liveSinceMs === null ? 0 : performance.now() - this.#liveSinceMs;
    // Many targets refuse a second publish beside one that ends.
    const gone = this.#push?.ended ?? Promise.resolve(null);
    void gone.then(() => this.#ended.resolve({ fault: reason, liveMs }));
  }
}

function unsupportedFault({ codec }: NamedForm): PushFault {
  const name = codec.replace(/[^A-Za-z0-9 .-]/g, '?');
  return fault('codecUnsupported', `The target does not say that it takes ${name} (Enhanced RTMP).`);
}
