import { AppError, type Logger } from '@maydan/common';
import { viewingIntervalSec, type ReactionKind } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { ChatGate } from '../chat/ChatGate.ts';
import type { ChatService } from '../chat/chat.service.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { GuestPlaces } from '../moderation/traces/GuestPlaces.ts';
import type { Traces } from '../moderation/traces/Traces.ts';
import { whence } from '../moderation/traces/whence.ts';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import { isOver } from '../sessions/controlDocument.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import type { ViewingStore } from './ViewingStore.ts';
import type { Viewing, ViewingTokens } from './ViewingTokens.ts';

export interface ViewingDependencies {
  readonly store: ViewingStore;
  readonly tokens: ViewingTokens;
  /** Who may be in the chat of a session may watch it. */
  readonly chat: Pick<ChatService, 'enter'>;
  readonly gate: Pick<ChatGate, 'react'>;
  readonly room: SessionRoom;
  readonly traces: Pick<Traces, 'noteDevice' | 'hashesHere'>;
  readonly guestPlaces: Pick<GuestPlaces, 'note'>;
  readonly limits: Pick<RateLimits, 'join'>;
  readonly logger: Logger;
}

/** Heartbeats of this time go to Redis together. */
const gatherMs = 250;
const openMs = 1_000;

interface Reaction {
  /** Of the session. */
  readonly id: string;
  readonly kind: ReactionKind;
  /** Taps together. */
  readonly count: number;
}

/** By session. */
interface Gathered {
  /** Viewers who say that they go on. */
  readonly going: Map<string, Set<string>>;
  readonly begun: Map<string, Set<string>>;
  readonly reactions: Map<string, number>;
}
interface Batch extends Gathered {
  /** Doesn't wait for more. */
  readonly flush: () => void;
  readonly written: Promise<void>;
}

/** Who watches (feature L12), and reactions (G2). */
export class ViewingService {
  readonly #deps: ViewingDependencies;
  /** Session → until when it counts as not over, in ms of the process. */
  readonly #openUntil = new Map<string, number>();
  #batch: Batch | null = null;

  constructor(dependencies: ViewingDependencies) {
    this.#deps = dependencies;
  }

  /** Throws `not_found`, `chat_banned`, `rate_limited`, and `wrong_state` unless the session is prepared or on air. */
  async start(user: User | null, input: { id: string; deviceToken?: string | undefined }, address: string) {
    const { tokens, chat, limits } = this.#deps;
    await limits.join(address);
    const { deviceToken } = input;
    const device = tokens.ofDevice(deviceToken ?? whence.getStore()?.device);
    const sessionId = input.id;
    const viewing = { sessionId, viewer: user === null ? device.viewer : tokens.ofUser(user.id) };
    const { session } = await whence.run({ address, device: device.token }, async () => {
      if (user === null) await this.#noteGuest(viewing);
      return chat.enter(user, sessionId);
    });
    if (isOver(session.state)) throw new AppError('wrong_state', 'The session is over.');
    if (user !== null) this.#deps.traces.noteDevice(user.id, device.viewer);
    await this.#admit(user, session, viewing.viewer);
    const batch = this.#gather();
    note(batch.begun, sessionId, viewing.viewer);
    await batch.written;
    return {
      viewingToken: tokens.mint(viewing),
      deviceToken: device.token,
      intervalSec: viewingIntervalSec,
    };
  }

  /**
   * Somebody was let in whom the sfu will count by their connection. Gives as whom: the person, else the device, else all
   * from where they come, else this connection. Throws as `start` does.
   */
  async admitPeer(user: User | null, session: SessionRow, peerId: string): Promise<string> {
    const { tokens } = this.#deps;
    const from = whence.getStore();
    const place = from === undefined ? null : tokens.ofPlace(from, new Date());
    const guest = tokens.deviceOf(from?.device ?? '') ?? place ?? peerId;
    const viewer = user === null ? guest : tokens.ofUser(user.id);
    if (user === null) await this.#noteGuest({ sessionId: session.id, viewer });
    await this.#admit(user, session, viewer);
    return viewer;
  }

  /** Somebody who was banned at this moment is not to count because they were let in before. Throws as `start` does. */
  async #admit(user: User | null, { id, visibility }: SessionRow, viewer: string): Promise<void> {
    const { store, chat } = this.#deps;
    const isPrivate = visibility === 'private';
    if (!(await store.admit(id, viewer, isPrivate))) return;
    try {
      await chat.enter(user, id);
    } catch (error) {
      await store.dismiss(id, viewer);
      throw error;
    }
  }

  /** Before it is asked whether they are let in: a ban of this moment finds them, or they find it. */
  #noteGuest({ sessionId, viewer }: Viewing): Promise<void> {
    const { traces, guestPlaces } = this.#deps;
    return guestPlaces.note(traces.hashesHere(), { kind: 'viewer', sessionId, id: viewer });
  }

  /**
   * Again changes nothing but the time. Resolves once Redis has it: what a process that is killed had not written yet was not
   * answered, and is said again. Rejects with `token_invalid`, `token_expired`, and `unavailable` while Redis is away.
   */
  async heartbeat(token: string): Promise<void> {
    const { sessionId, viewer } = this.#deps.tokens.read(token);
    const batch = this.#gather();
    note(batch.going, sessionId, viewer);
    await batch.written;
  }

  /** Counted no more, at once. Throws as `heartbeat` does. */
  async end(token: string): Promise<void> {
    const { sessionId, viewer } = this.#deps.tokens.read(token);
    for (const viewers of [this.#batch?.going, this.#batch?.begun]) viewers?.get(sessionId)?.delete(viewer);
    await this.#deps.store.end(sessionId, viewer);
  }

  /**
   * `isIn`: they are in the room of the chat, which puts them out as soon as they may not be there. Throws `rate_limited`,
   * `not_found`, `session_private`, `chat_banned`, and `wrong_state` once the session is over.
   */
  async react(user: User, reaction: Reaction, isIn = false): Promise<void> {
    const { id: sessionId, kind, count } = reaction;
    await this.#deps.gate.react(user.id, count);
    await this.#requireOpen(user, sessionId, isIn);
    this.#deps.room.emit(sessionId, { type: 'reactions', counts: { [kind]: count } });
    const { reactions } = this.#gather();
    reactions.set(sessionId, (reactions.get(sessionId) ?? 0) + count);
  }

  /** Thousands react at once: for those in the room a session that was not over is looked up again after a second. */
  async #requireOpen(user: User, sessionId: string, isIn: boolean): Promise<void> {
    if (isIn && (this.#openUntil.get(sessionId) ?? 0) > performance.now()) return;
    this.#openUntil.delete(sessionId);
    const { session } = await this.#deps.chat.enter(user, sessionId);
    if (isOver(session.state)) throw new AppError('wrong_state', 'The session is over.');
    this.#openUntil.set(sessionId, performance.now() + openMs);
  }

  /** What was gathered goes to Redis; afterwards nothing is left to be released. */
  async close(): Promise<void> {
    this.#batch?.flush();
    await this.#batch?.written.catch(() => undefined);
  }

  #gather(): Batch {
    if (this.#batch !== null) return this.#batch;
    const { promise: due, resolve } = Promise.withResolvers<null>();
    const timer = setTimeout(resolve, gatherMs, null);
    const flush = (): void => {
      clearTimeout(timer);
      resolve(null);
    };
    const gathered = { going: new Map(), begun: new Map(), reactions: new Map() };
    const written = due.then(() => {
      this.#batch = null;
      return this.#write(gathered);
    });
    // Of reactions alone nobody waits for it.
    written.catch(() => undefined);
    this.#batch = { ...gathered, flush, written };
    return this.#batch;
  }

  /** Throws `unavailable`. */
  async #write({ going, begun, reactions }: Gathered): Promise<void> {
    const { store, logger } = this.#deps;
    for (const [sessionId, at] of this.#openUntil)
      if (at <= performance.now()) this.#openUntil.delete(sessionId);
    const writes = [
      ...[...begun].map(([sessionId, viewers]) => store.beat(sessionId, [...viewers])),
      ...[...going].map(([sessionId, viewers]) => store.beat(sessionId, [...viewers], { goOn: true })),
      ...[...reactions].map(([sessionId, count]) => store.react(sessionId, count)),
    ];
    for (const result of await Promise.allSettled(writes)) {
      if (result.status === 'fulfilled') continue;
      logger.warn({ err: result.reason as unknown }, 'heartbeats were lost');
      throw new AppError('unavailable', undefined, undefined, { cause: result.reason });
    }
  }
}

function note(all: Map<string, Set<string>>, sessionId: string, viewer: string): void {
  const viewers = all.get(sessionId);
  if (viewers === undefined) all.set(sessionId, new Set([viewer]));
  else viewers.add(viewer);
}
