import type { JobProducer, Logger, Redis } from '@maydan/common';
import { controlDocument, controlKey, ingestCommandChannel, type IngestCommand } from '@maydan/contracts';
import type { Session } from '@maydan/prisma';
import type { SfuCommands } from '../stage/SfuCommands.ts';
import { controlDocumentOf, jobStates } from './controlDocument.ts';

/** How long the document of a finished session stays, for those that ask late. */
const finishedTtlSec = 3_600;
/** Writes and announces a document in place of another ('': none), unless somebody else did. KEYS: document. ARGV: that one, text, how long (s; 0: for ever). */
const replaceScript = `
  if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return end
  if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
  redis.call('PUBLISH', KEYS[1], ARGV[2])`;
/** Pictures of a recording may be on their way into the storage while it is removed: it is looked at again. */
const removedAgainMs = 600_000;

export interface SessionCommandsDependencies {
  readonly redis: Redis;
  readonly jobs: JobProducer;
  readonly sfu: SfuCommands;
  readonly logger: Logger;
}

/** Jobs that run as long as a session has something for them; their job id is the session's. */
export type SessionJob = 'live.transcode' | 'live.composite' | 'live.forward' | 'live.restream';

/** What the api tells ingest, sfu and the workers about a session. Each may be repeated without harm. */
export class SessionCommands {
  readonly #redis: Redis;
  readonly #jobs: JobProducer;
  readonly #sfu: SfuCommands;
  readonly #logger: Logger;

  constructor(dependencies: SessionCommandsDependencies) {
    this.#redis = dependencies.redis;
    this.#jobs = dependencies.jobs;
    this.#sfu = dependencies.sfu;
    this.#logger = dependencies.logger;
  }

  /** Writes the control document and announces it on the channel of the same name. */
  async writeControl(session: Session): Promise<void> {
    const key = controlKey(session.id);
    const text = JSON.stringify(controlDocumentOf(session));
    const write = this.#redis.multi();
    if (isFinished(session)) write.set(key, text, 'EX', finishedTtlSec);
    else write.set(key, text);
    await write.publish(key, text).exec();
  }

  /** Whether Redis has the document as this row says. */
  async isControlled(session: Session): Promise<boolean> {
    return isSame(await this.#redis.get(controlKey(session.id)), session);
  }

  /**
   * Writes the document again when Redis doesn't have it as the session's row says: Redis was lost, or two changes
   * were written in the wrong order. `find` reads the row as it is now: what is written meanwhile is newer, and stays.
   */
  async repairControl(id: string, find: () => Promise<Session | null>): Promise<boolean> {
    const text = await this.#redis.get(controlKey(id));
    return this.#replaceControl(text, await find());
  }

  /** As `repairControl`, of a session that may never have been on air: without a document there is nobody to tell. */
  async updateControl(id: string, find: () => Promise<Session | null>): Promise<boolean> {
    const text = await this.#redis.get(controlKey(id));
    return text !== null && this.#replaceControl(text, await find());
  }

  async #replaceControl(before: string | null, session: Session | null): Promise<boolean> {
    if (session === null || isSame(before, session)) return false;
    const text = JSON.stringify(controlDocumentOf(session));
    const ttlSec = isFinished(session) ? finishedTtlSec : 0;
    await this.#redis.eval(replaceScript, 1, controlKey(session.id), before ?? '', text, ttlSec);
    return true;
  }

  /** Drops the publisher of this epoch and older ones. */
  async drop(session: Session, reason: IngestCommand['reason'], epoch = session.epoch): Promise<void> {
    if (epoch < 1) return;
    const command: IngestCommand = { type: 'drop', sessionId: session.id, epoch, reason };
    this.#logger.info({ sessionId: session.id, epoch, reason }, 'a publisher is to be dropped');
    await this.#redis.publish(ingestCommandChannel, JSON.stringify(command));
  }

  /** The session is over: drops whoever publishes to it by RTMP and closes its room. */
  async stop(session: Session, reason: 'ended' | 'revoked'): Promise<void> {
    await this.drop(session, reason);
    await this.#sfu.closeRoom(session.id, 'sessionEnded');
  }

  /** Queues one of the session's jobs; nothing happens while it waits or runs. */
  async run(name: SessionJob, session: Session, requestId?: string): Promise<void> {
    const { id, playbackId } = session;
    const data = { sessionId: id, playbackId, sessionType: session.type, requestId };
    await this.#jobs.add(name, data, { jobId: id });
  }

  /** Whether one of the session's jobs is in the queue: `active` means that a worker has it. */
  async jobState(name: SessionJob, session: Session): Promise<'active' | 'waiting' | 'gone'> {
    const state = await this.#jobs.queue(name).getJobState(session.id);
    if (state === 'unknown' || state === 'completed' || state === 'failed') return 'gone';
    return state === 'active' ? 'active' : 'waiting';
  }

  /** Workers remove what is stored of it, again and again until it is done; they tell so by `recording.removed`. */
  async removeRecording({ id: sessionId, playbackId }: Pick<Session, 'id' | 'playbackId'>): Promise<void> {
    const data = { sessionId, playbackId };
    const retries = { attempts: 20, backoff: { type: 'exponential', delay: 2_000 } };
    await this.#jobs.add('recording.remove', data, { jobId: playbackId, ...retries });
    const again = { jobId: `${playbackId}-again`, delay: removedAgainMs, ...retries };
    await this.#jobs.add('recording.remove', data, again);
  }

  async makeImages(session: Session): Promise<void> {
    const { id, playbackId } = session;
    const data = { sessionId: id, playbackId, durationMs: session.durationMs ?? 0 };
    const retries = { attempts: 5, backoff: { type: 'exponential', delay: 5_000 } };
    await this.#jobs.add('vod.images', data, { jobId: id, ...retries });
  }
}

function isFinished({ state }: Session): boolean {
  return state !== 'idle' && !jobStates.includes(state);
}

function isSame(text: string | null, session: Session): boolean {
  if (text === null) return false;
  try {
    const found = controlDocument.parse(JSON.parse(text));
    const wanted = controlDocumentOf(session);
    // The row may have changed in what is not told here.
    const same = { revision: 0, updatedAt: '' };
    return JSON.stringify({ ...found, ...same }) === JSON.stringify({ ...wanted, ...same });
  } catch {
    return false;
  }
}
