import type { FactWriter } from '@maydan/common';
import type { HealthWarning, StreamHealth } from '@maydan/contracts';
import type { Recording } from '../recording/Recording.ts';
import type { SourceHealth } from '../source/LiveSource.ts';
import type { LiveIds } from './LiveDeps.ts';
import { updateRecordingWarnings } from './recordingWarnings.ts';
import type { SharedWarnings } from './SharedWarnings.ts';
import { WarningBoard } from './WarningBoard.ts';

const reportEveryMs = 2_500;
const mostWarnings = 30;

export interface SessionHealthOptions extends LiveIds {
  readonly facts: FactWriter;
  readonly recording: Recording;
  /** What other jobs of the session warn of. */
  readonly shared: SharedWarnings;
  readonly renditions: () => readonly string[];
}

/** Reports a session's health every few seconds: what the source tells, and the worker's own warnings. */
export class SessionHealth {
  readonly board = new WarningBoard();
  readonly #options: SessionHealthOptions;
  readonly #timer: NodeJS.Timeout;
  #source: SourceHealth | null = null;
  /** Warnings of the last source; they outlive it for a report, so that its reason to end is told. */
  #sourceWarnings: readonly HealthWarning[] = [];
  #sharedWarnings: readonly HealthWarning[] = [];
  #isClosed = false;

  constructor(options: SessionHealthOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#reportAll(), reportEveryMs);
  }

  /** What the source told last; null when it has ended. */
  get source(): SourceHealth | null {
    return this.#source;
  }

  setSource(health: SourceHealth | null): void {
    const had = this.#sourceWarnings.map(({ code }) => code).join();
    this.#source = health;
    if (health === null) return;
    this.#sourceWarnings = health.warnings;
    if (had !== health.warnings.map(({ code }) => code).join()) this.report();
  }

  report(at = new Date()): void {
    const { facts, sessionId } = this.#options;
    updateRecordingWarnings(this.board, this.#options.recording, at.getTime());
    facts.append({ type: 'live.health', sessionId, at: at.toISOString(), health: this.#health(at) });
    if (this.#source === null) this.#sourceWarnings = [];
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  async #reportAll(): Promise<void> {
    this.#sharedWarnings = await this.#options.shared.read();
    if (!this.#isClosed) this.report();
  }

  #health(at: Date): StreamHealth {
    const source = this.#source;
    const own = [...this.board.list, ...this.#sourceWarnings];
    // Another job may have seen the same in the same source.
    const others = this.#sharedWarnings.filter(({ message }) => own.every((one) => one.message !== message));
    return {
      at: at.toISOString(),
      video: source?.video ?? null,
      frames: source?.frames ?? null,
      audio: source?.audio ?? null,
      inputBitrateBps: Math.round(source?.inputBitrateBps ?? 0),
      encoderSpeed: source?.encoderSpeed ?? null,
      renditions: [...this.#options.renditions()],
      uploadLagBytes: this.#options.recording.uploads.lagBytes,
      warnings: [...own, ...others].slice(0, mostWarnings),
    };
  }
}
