import type { Logger } from '@maydan/common';
import { playbackKeys } from '@maydan/contracts';
import { legCores } from '../ladder/cost.ts';
import { recordLine } from '../recording/records.ts';
import type { Rendition } from './events.ts';
import type { LiveDeps, LiveIds } from './LiveDeps.ts';
import { LiveSession } from './LiveSession.ts';

/** The live sessions of this process, one run per session. */
export class LiveSessions {
  readonly #deps: LiveDeps;
  readonly #sessions = new Map<string, LiveSession>();
  readonly #starting = new Map<string, Promise<LiveSession | null>>();
  #isLeaving = false;

  constructor(deps: LiveDeps) {
    this.#deps = deps;
  }

  get all(): readonly LiveSession[] {
    return [...this.#sessions.values()];
  }

  /** The run of a session, begun if it isn't under way here. Null when there is no capacity for it at present. */
  async take(ids: LiveIds, log: Logger): Promise<LiveSession | null> {
    const running = this.#sessions.get(ids.sessionId);
    if (running !== undefined) return running;
    const starting = this.#starting.get(ids.sessionId) ?? this.#start(ids, log);
    this.#starting.set(ids.sessionId, starting);
    try {
      return await starting;
    } finally {
      this.#starting.delete(ids.sessionId);
    }
  }

  /** Every run stops in order and leaves its session to another one. */
  handOver(): void {
    this.#isLeaving = true;
    for (const session of this.all) session.handOver();
  }

  async #start(ids: LiveIds, log: Logger): Promise<LiveSession | null> {
    const { admission } = this.#deps;
    const reservation = admission.admit(await this.#neededCores(ids));
    if (reservation === null) return null;
    try {
      const session = await LiveSession.create(this.#deps, ids, reservation, log);
      this.#sessions.set(ids.sessionId, session);
      const forget = () => this.#sessions.delete(ids.sessionId);
      session.finished.then(forget, forget);
      if (this.#isLeaving) session.handOver();
      return session;
    } catch (error) {
      reservation.release();
      throw error;
    }
  }

  /** Cores that the fixed renditions of a session under way cost; null for a new one. */
  async #neededCores({ playbackId }: LiveIds): Promise<number | null> {
    const [first] = await this.#deps.redis.lrange(playbackKeys.segments(playbackId), 0, 0);
    if (first === undefined) return null;
    const line = recordLine.parse(JSON.parse(first));
    return line.type === 'playback.started' ? coresOf(line.renditions) : null;
  }
}

/** The source is about as large as the top rendition. */
function coresOf(renditions: readonly Rendition[]): number {
  const pictures = renditions.filter((rendition) => rendition.kind === 'video');
  const [top] = pictures;
  if (top === undefined) return legCores(null, [], 0);
  return legCores(
    top,
    pictures.filter(({ copied }) => !copied),
    top.frameRate,
  );
}
