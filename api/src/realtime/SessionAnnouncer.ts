import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '@maydan/common';
import type { Seat, Session, Stage } from '@maydan/contracts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import { hostOf } from '../sessions/sessionView.ts';
import { newBaseMark, type Emitter } from './Emitter.ts';
import { rooms } from './rooms.ts';

export interface AnnouncedSeat {
  readonly seat: Seat;
  readonly session: Pick<SessionRow, 'title' | 'host'>;
}

/** What is told about sessions: how it stands now. */
export interface AnnouncedSources {
  /** A session with addresses for the given playback base; throws `not_found`. */
  readonly session: (id: string, base: string) => Promise<Session>;
  readonly stage: (sessionId: string) => Promise<Stage>;
  /** A seat with its session; null when there is none. */
  readonly seat: (sessionId: string, userId: string) => Promise<AnnouncedSeat | null>;
}

const maxRounds = 5;

/** Tells those whom it concerns that something about a session changed. Only a hint: when it fails, the change stands. */
export class SessionAnnouncer {
  readonly #emitter: Emitter;
  readonly #sources: AnnouncedSources;
  readonly #logger: Logger;

  constructor(emitter: Emitter, sources: AnnouncedSources, logger: Logger) {
    this.#emitter = emitter;
    this.#sources = sources;
    this.#logger = logger;
  }

  announce(sessionId: string): Promise<void> {
    const mark = newBaseMark();
    const look = (): Promise<Session> => this.#sources.session(sessionId, mark);
    return this.#tell(sessionId, look, (session) =>
      this.#emitter.emit(rooms.session(sessionId), 'session:updated', { session }, mark),
    );
  }

  stageChanged(sessionId: string): Promise<void> {
    const look = (): Promise<Stage> => this.#sources.stage(sessionId);
    return this.#tell(sessionId, look, (stage) =>
      this.#emitter.emit(rooms.session(sessionId), 'stage:updated', { stage }),
    );
  }

  seatChanged(sessionId: string, userId: string, isInvitation: boolean): Promise<void> {
    const look = (): Promise<AnnouncedSeat | null> => this.#sources.seat(sessionId, userId);
    return this.#tell(sessionId, look, async (found) => {
      if (found === null) return;
      const { seat, session } = found;
      const { title } = session;
      const host = hostOf(session);
      await this.#emitter.emit([rooms.user(userId), rooms.user(host.id)], 'stage:seatChanged', { seat });
      if (!isInvitation || seat.state !== 'invited') return;
      await this.#emitter.emit(rooms.user(userId), 'stage:invited', { seat, title, host });
    });
  }

  /** Somebody hears no more of these sessions and their chats. They aren't told: it would say which there are. */
  async parted(userId: string, sessionIds: readonly string[]): Promise<void> {
    for (const id of sessionIds)
      for (const room of [rooms.session(id), rooms.chat(id), rooms.staff(id)])
        await this.#emitter.remove(rooms.user(userId), room);
  }

  /**
   * Tells how it stands now, and again while it has changed meanwhile: another process may have told a newer state
   * before our older one, and what is told last must be true.
   */
  async #tell<T>(sessionId: string, look: () => Promise<T>, tell: (now: T) => Promise<void>): Promise<void> {
    try {
      let told: { readonly state: T } | undefined;
      for (let round = 0; round < maxRounds; round++) {
        const state = await look();
        if (told !== undefined && isDeepStrictEqual(told.state, state)) return;
        await tell(state);
        told = { state };
      }
    } catch (error) {
      this.#logger.warn({ err: error, sessionId }, 'a change was not announced');
    }
  }
}
