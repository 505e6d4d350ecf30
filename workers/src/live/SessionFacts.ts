import type { FactWriter } from '@maydan/common';
import type { EndReason } from '@maydan/contracts';
import type { VodResult } from '../recording/finaliseVod.ts';
import type { LiveIds } from './LiveDeps.ts';

export interface SessionFactsOptions extends LiveIds {
  readonly facts: FactWriter;
  readonly fence: number;
  readonly workerId: string;
}

/** The facts that one run of a session tells the api. */
export class SessionFacts {
  readonly #options: SessionFactsOptions;

  constructor(options: SessionFactsOptions) {
    this.#options = options;
  }

  accepted(): void {
    const { facts, sessionId, playbackId, fence, workerId } = this.#options;
    facts.append({ type: 'live.accepted', sessionId, playbackId, fence, workerId, at: now() });
  }

  ready(epoch: number, renditions: string[], audioOnly: boolean): void {
    const { facts, sessionId, playbackId, fence } = this.#options;
    facts.append({
      type: 'live.ready',
      sessionId,
      playbackId,
      epoch,
      fence,
      renditions,
      audioOnly,
      at: now(),
    });
  }

  sourceLost(epoch: number, reason: string): void {
    const { facts, sessionId, fence } = this.#options;
    facts.append({
      type: 'live.sourceLost',
      sessionId,
      epoch,
      fence,
      reason: reason.slice(0, 200),
      at: now(),
    });
  }

  ended({ durationMs, byteLength, recorded }: VodResult, failure: EndReason | null): void {
    const { facts, sessionId, playbackId, fence } = this.#options;
    const result = { durationMs, byteLength, recorded };
    facts.append({ type: 'live.ended', sessionId, playbackId, fence, failure, ...result, at: now() });
  }
}

const now = (): string => new Date().toISOString();
