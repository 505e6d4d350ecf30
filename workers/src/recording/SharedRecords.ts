import type { Logger } from '@maydan/common';
import { playbackKeys } from '@maydan/contracts';
import { FenceLostError, type Fence } from '../live/Fence.ts';
import { backOffMs, pause } from '../storage/backOff.ts';
import type { RecordLine } from './records.ts';

export interface SharedRecordsOptions {
  readonly fence: Fence;
  readonly log: Logger;
  /** All lines the list should hold by now. */
  readonly all: () => readonly RecordLine[];
  /** A newer run has taken over; nothing more is written. */
  readonly onSuperseded: () => void;
}

const retry = { firstMs: 200, maxMs: 2_000 };
const linesAtOnce = 500;

/**
 * The list in Redis of what is stored of a playback, for a takeover by another worker. Lines are written one after the
 * other and tried until Redis takes them. A Redis that forgot its newest lines in a crash gets the whole list again.
 */
export class SharedRecords {
  readonly #options: SharedRecordsOptions;
  readonly #key: string;
  readonly #abort = new AbortController();
  #writing: Promise<unknown> = Promise.resolve();
  /** Lines the list has at least, unless Redis lost some. */
  #length = 0;

  constructor(options: SharedRecordsOptions) {
    this.#options = options;
    this.#key = playbackKeys.segments(options.fence.playbackId);
  }

  /** True when the line is in the list; false when this run is over. Never rejects. */
  append(line: RecordLine): Promise<boolean> {
    return this.#inTurn(async () => {
      const length = Number(await this.#options.fence.write('RPUSH', this.#key, JSON.stringify(line)));
      if (length <= this.#length) await this.#rewrite([...this.#options.all(), line]);
      else this.#length = length;
    });
  }

  /** Makes the list what it should be if it is shorter. Rejects while Redis is away. */
  async repair(length: number): Promise<void> {
    this.#length = length;
    const lines = this.#options.all();
    if (length < lines.length) await this.#rewrite(lines);
  }

  /** Ends what is being tried. Idempotent. */
  close(): void {
    this.#abort.abort();
  }

  #inTurn(write: () => Promise<void>): Promise<boolean> {
    const done = this.#writing.then(() => this.#try(write));
    this.#writing = done;
    return done;
  }

  async #try(write: () => Promise<void>): Promise<boolean> {
    const { signal } = this.#abort;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        await write();
        return true;
      } catch (error) {
        if (error instanceof FenceLostError) this.#superseded();
        else this.#options.log.debug({ err: error }, 'segment not recorded yet');
        await pause(backOffMs(attempt, retry), signal);
      }
    }
    return false;
  }

  async #rewrite(lines: readonly RecordLine[]): Promise<void> {
    const { fence, log } = this.#options;
    log.info({ lines: lines.length }, 'the shared records of a playback are written anew');
    await fence.write('DEL', this.#key);
    const texts = lines.map((line) => JSON.stringify(line));
    for (let from = 0; from < texts.length; from += linesAtOnce) {
      await fence.write('RPUSH', this.#key, ...texts.slice(from, from + linesAtOnce));
    }
    this.#length = lines.length;
  }

  #superseded(): void {
    this.#abort.abort();
    this.#options.onSuperseded();
  }
}
