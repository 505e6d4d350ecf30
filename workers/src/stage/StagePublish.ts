import { randomUUID } from 'node:crypto';
import type { Logger } from '@maydan/common';
import type { FactOf } from '@maydan/contracts';
import type { Reservation } from '../live/Admission.ts';
import { authorizeStage } from './publish/authorizeStage.ts';
import type { StageDeps } from './StageDeps.ts';
import { StageEngine } from './StageEngine.ts';
import { soundCores, stagePlan } from './stagePlan.ts';
import type { VideoInput } from './room/VideoInput.ts';
import type { CanvasSize } from './compose/layout.ts';

export type UnpublishReason = FactOf<'ingest.unpublished'>['reason'];
export type PublishRefusal = 'noCapacity' | 'refused' | 'unanswered';

export interface StagePublishOptions {
  readonly deps: StageDeps;
  readonly sessionId: string;
  readonly audioOnly: boolean;
  readonly onSize: (input: VideoInput, size: CanvasSize) => void;
  readonly onFailed: () => void;
  readonly log: Logger;
}

const authorizeTimeoutMs = 3_000;

/** One publish of a stage: an epoch, an engine, a relay, and the facts of its begin and end. */
export class StagePublish {
  readonly epoch: number;
  readonly relayUrl: string;
  readonly engine: StageEngine;
  readonly #options: StagePublishOptions;
  readonly #connectionId: string;
  readonly #reservation: Reservation;
  readonly #remove: () => void;
  #isClosed = false;

  /** Takes cores, asks the api for an epoch, and begins. */
  static async begin(options: StagePublishOptions): Promise<StagePublish | PublishRefusal> {
    const { deps, sessionId, audioOnly, log } = options;
    const { admission, config } = deps;
    const plan = stagePlan(config.STAGE_HEIGHT, config.STAGE_FRAME_RATE, admission.freeCores);
    const cores = audioOnly ? soundCores : plan.cores;
    const reservation = admission.admit(cores);
    if (reservation === null) return 'noCapacity';
    const connectionId = randomUUID();
    const verdict = await authorizeStage(
      {
        apiUrl: config.API_INTERNAL_URL,
        internalSecret: config.INTERNAL_SECRET,
        timeoutMs: authorizeTimeoutMs,
      },
      { sessionId, connectionId },
    );
    if (verdict.type !== 'accepted') {
      reservation.release();
      log.info({ verdict }, 'the stage may not be published');
      return verdict.type;
    }
    const picture = audioOnly ? null : plan.picture;
    const { epoch } = verdict;
    return new StagePublish({ options, epoch, connectionId, reservation, picture, cores });
  }

  private constructor(parts: {
    options: StagePublishOptions;
    epoch: number;
    connectionId: string;
    reservation: Reservation;
    picture: ReturnType<typeof stagePlan>['picture'] | null;
    cores: number;
  }) {
    const { options, epoch, connectionId, picture, cores } = parts;
    const { deps, sessionId, onSize } = options;
    const log = options.log.child({ epoch });
    this.#options = options;
    this.epoch = epoch;
    this.#connectionId = connectionId;
    this.#reservation = parts.reservation;
    const { labels, relays, config } = deps;
    this.engine = new StageEngine({
      ...{ ffmpegPath: config.FFMPEG_PATH, picture, cpuBudgetCores: cores, labels, onSize, log },
    });
    this.engine.once('failed', options.onFailed);
    const offered = relays.add(sessionId, epoch, this.engine.flv.relay);
    this.relayUrl = offered.relayUrl;
    this.#remove = offered.remove;
    log.info({ picture }, 'stage published');
    deps.facts.append({
      ...{ type: 'ingest.published', sessionId, epoch, connectionId, at: new Date().toISOString() },
      ...{ relayUrl: this.relayUrl, sourceKind: 'stage' },
    });
  }

  /** Idempotent. */
  async end(reason: UnpublishReason): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { deps, sessionId, log } = this.#options;
    const { epoch } = this;
    this.#reservation.release();
    await this.engine.close();
    this.#remove();
    log.info({ epoch, reason }, 'stage unpublished');
    deps.facts.append({
      ...{ type: 'ingest.unpublished', sessionId, epoch, connectionId: this.#connectionId, reason },
      at: new Date().toISOString(),
    });
  }
}
