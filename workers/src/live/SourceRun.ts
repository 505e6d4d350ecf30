import { mintRelayToken, type Logger } from '@maydan/common';
import type { Config } from '../config.ts';
import type { CoreBudget } from '../ladder/CoreBudget.ts';
import { LiveSource, type SourceEnd, type SourceHealth } from '../source/LiveSource.ts';
import type { LegFeeder } from './LegFeeder.ts';

export interface SourceRunOptions {
  readonly relayUrl: string;
  readonly config: Config;
  readonly audioOnly: boolean;
  readonly cores: CoreBudget;
  readonly feeder: LegFeeder;
  readonly log: Logger;
  readonly onHealth: (health: SourceHealth) => void;
}

/** An encoder that doesn't finish what it has within this time is killed. */
const drainMs = 3_000;

/** One connection to the relay, fed into the session's packager until it ends. */
export class SourceRun {
  /** Never rejects. */
  readonly ended: Promise<SourceEnd>;
  readonly #source: LiveSource;
  #stopping: Promise<void> | null = null;

  constructor({ relayUrl, config, audioOnly, cores, feeder, log, onHealth }: SourceRunOptions) {
    const { pathname } = new URL(relayUrl);
    this.#source = new LiveSource({
      relayUrl,
      mintToken: () => mintRelayToken(config.INTERNAL_SECRET, pathname),
      ffmpegPath: config.FFMPEG_PATH,
      audioOnly,
      cores,
      renditions: feeder.renditions,
      timeline: feeder.timeline,
      log,
    });
    feeder.attach(this.#source);
    this.#source.on('health', onHealth);
    this.ended = new Promise((resolve) => {
      this.#source.once('ended', (end) => {
        feeder.endLeg();
        resolve(end);
      });
    });
    this.#source.start();
  }

  /** Stops reading and lets the encoder finish, for a bounded time. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Ends at once; what the encoder holds is lost. */
  async kill(): Promise<void> {
    await this.#source.close();
  }

  async #stop(): Promise<void> {
    const timer = setTimeout(() => void this.#source.close(), drainMs);
    await this.#source.stop();
    await this.ended;
    clearTimeout(timer);
  }
}
