import type { JobProducer, Logger, Redis } from '@maydan/common';
import { controlDocument, controlKey, ingestCommandChannel, type IngestCommand } from '@maydan/contracts';
import type { Session } from '@maydan/prisma';
import type { SfuCommands } from '../stage/SfuCommands.ts';
import { controlDocumentOf, jobStates } from './controlDocument.ts';

/** How long the document of a finished session stays, for those that ask late. */
const finishedTtlSec = 3_600;
/**
 * Writes and announces a document unless one of a newer row is there; answers whether it did. KEYS: document. ARGV: text, revision,
 * how long (s; 0: for ever), where ('xx': only in place of another).
 */
const writeScript = `
  local there = redis.call('GET', KEYS[1])
  if not there and ARGV[4] == 'xx' then return 0 end
  if there then
    local isRead, read = pcall(cjson.decode, there)
    if isRead and type(read) == 'table' and (tonumber(read.revision) or 0) > tonumber(ARGV[2]) then return 0 end
  end
  if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[1]) else redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3]) end
  redis.call('PUBLISH', KEYS[1], ARGV[1])
  return 1`;
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

  /**
   * Writes the control document and announces it on the channel of the same name. False: one of a newer row is there, of
   * somebody who changed the session meanwhile, and stays.
   */
  writeControl(session: Session): Promise<boolean> {
    return this.#write(session, 'anyway');
  }

  /** Of a session that may never have been on air: without a document there is nobody to tell. */
  updateControl(session: Session): Promise<boolean> {
    return this.#write(session, 'xx');
  }

  /** Writes the document again when Redis doesn't have it as the row says: Redis was lost, or whoever changed the row died. */
  async repairControl(session: Session): Promise<boolean> {
    const text = await this.#redis.get(controlKey(session.id));
    return !isSame(text, session) && (await this.writeControl(session));
  }

  async #write(session: Session, where: 'anyway' | 'xx'): Promise<boolean> {
    const document = controlDocumentOf(session);
    const ttlSec = isFinished(session) ? finishedTtlSec : 0;
    const said = [JSON.stringify(document), document.revision, ttlSec, where];
    return (await this.#redis.eval(writeScript, 1, controlKey(session.id), ...said)) === 1;
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
