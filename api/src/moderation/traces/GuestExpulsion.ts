import type { Emitter } from '../../realtime/Emitter.ts';
import { rooms } from '../../realtime/rooms.ts';
import type { SfuCommands } from '../../stage/SfuCommands.ts';
import type { GuestPlaces } from './GuestPlaces.ts';
import type { BanTrace } from './traces.repo.ts';

export interface GuestExpulsionDependencies {
  readonly places: Pick<GuestPlaces, 'of'>;
  readonly emitter: Pick<Emitter, 'expel'>;
  readonly sfu: Pick<SfuCommands, 'removePeer'>;
  /** A viewer counts no more in a session. */
  readonly dismiss: (sessionId: string, viewer: string) => Promise<void>;
}

/** Puts guests whom a ban includes out, at once and at all nodes: of chats, of rooms (by WHEP, too), and they count no more as viewers. */
export class GuestExpulsion {
  readonly #deps: GuestExpulsionDependencies;

  constructor(dependencies: GuestExpulsionDependencies) {
    this.#deps = dependencies;
  }

  /** Of a session, or (null) of all. Once the ban is written. */
  async expel(traces: readonly Pick<BanTrace, 'hash'>[], sessionId: string | null): Promise<void> {
    const { places, emitter, sfu, dismiss } = this.#deps;
    const hashes = traces.map(({ hash }) => hash);
    await emitter.expel(
      hashes.map((hash) => rooms.trace(hash)),
      sessionId,
    );
    for (const place of await places.of(hashes, sessionId)) {
      if (place.kind === 'viewer') await dismiss(place.sessionId, place.id);
      else await sfu.removePeer(place.sessionId, { peerId: place.id }, 'banned');
    }
  }
}
