import type { SfuCommands } from '../stage/SfuCommands.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import { isOver } from '../sessions/controlDocument.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import type { PlaybackLeases } from './PlaybackLeases.ts';

type Ended = Pick<SessionRow, 'id' | 'playbackId' | 'state'>;

export interface AccessEndsDependencies {
  readonly leases: PlaybackLeases;
  readonly sfu: Pick<SfuCommands, 'removePeer'>;
  readonly emitter: Emitter;
  /** Their heartbeats count no more: of a user, or of all who watch. */
  readonly uncounted: (sessionId: string, userId: string | null) => Promise<void>;
}

/** Puts people out of a private session, whichever way they came in. May be repeated. */
export class AccessEnds {
  readonly #deps: AccessEndsDependencies;

  constructor(dependencies: AccessEndsDependencies) {
    this.#deps = dependencies;
  }

  /** What tells that they were in is forgotten last: whoever goes on after a crash does all of it again. */
  async end(session: Ended, userIds: readonly string[]): Promise<void> {
    const { leases, sfu, uncounted } = this.#deps;
    for (const userId of userIds) {
      if (!isOver(session.state)) await sfu.removePeer(session.id, { userId }, 'accessEnded');
      await uncounted(session.id, userId);
      await this.#close(session.id, rooms.user(userId));
    }
    await leases.end(session, userIds);
  }

  /** The session has become private: all viewers are out; who is let in may come again. */
  async endAll(session: Ended): Promise<void> {
    const { sfu, emitter, uncounted } = this.#deps;
    const { id: sessionId } = session;
    if (!isOver(session.state)) await sfu.removePeer(sessionId, { role: 'viewer' }, 'accessEnded');
    await uncounted(sessionId, null);
    const said = { sessionId, code: 'session_private' } as const;
    for (const room of [rooms.session(sessionId), rooms.chat(sessionId)]) {
      await emitter.emit(room, room === rooms.chat(sessionId) ? 'chat:closed' : 'session:closed', said);
      await emitter.remove(room, room);
    }
  }

  async #close(sessionId: string, whose: ReturnType<typeof rooms.user>): Promise<void> {
    const { emitter } = this.#deps;
    const said = { sessionId, code: 'session_private' } as const;
    await emitter.emit(whose, 'chat:closed', said);
    await emitter.emit(whose, 'session:closed', said);
    for (const room of [rooms.session(sessionId), rooms.chat(sessionId), rooms.staff(sessionId)])
      await emitter.remove(whose, room);
  }
}
