import { AppError, type Logger } from '@maydan/common';
import type { JoinClaims } from '@maydan/contracts';
import type { Room } from '../rooms/Room.ts';
import type { Rooms } from '../rooms/Rooms.ts';
import { nobodyPublishes } from './http/sendProblem.ts';
import { Playback } from './play/Playback.ts';
import type { Offer } from './sdp/offer.ts';
import { acceptPlayer, planPayloads, plannedCodecs, type Playable } from './sdp/play.ts';
import { connect, orLeave, type Connected } from './startPublishing.ts';

/** For the producers of other nodes to become known in a room that was opened for this player; on a busy node it takes a while. */
const discoveryMs = 2_000;
const streamId = 'maydan';

export interface Playing extends Connected {
  readonly playables: readonly Playable[];
}

export interface PlayRequest {
  readonly offer: Offer;
  /** Who is counted for payload types that nobody else has. */
  readonly asker: string;
}

/**
 * Brings a WHEP player into the session's room, on a Router that numbers payload types as the player does. Throws
 * `wrong_state` (409) when nobody publishes, `validation_failed` (422) when the player can't decode what is published, and
 * what the room refuses; nothing is left behind then.
 */
export async function startPlaying(
  rooms: Rooms,
  claims: JoinClaims,
  { offer, asker }: PlayRequest,
  logger: Logger,
): Promise<Playing> {
  const room = await roomWithMedia(rooms, claims);
  const plan = planPayloads(offer.media, room.rtpCapabilities);
  const numbering = { key: plan.join(), mediaCodecs: plannedCodecs(plan, room.rtpCapabilities), asker };
  const { peerId, userId, displayName, iat, viewer } = claims;
  const peer = await room.join({ peerId, role: 'viewer', userId, displayName, iat, viewer }, numbering);
  return orLeave(peer, async () => {
    rooms.checkAdmission(claims);
    const { transport, bridge } = await connect(peer, 'receive', offer);
    const playables = offer.media.map((media) =>
      acceptPlayer(media, peer.router.rtpCapabilities, `${streamId} ${streamId}-${media.kind}`),
    );
    const playback = await Playback.start({ room, peer, transport, playables, logger });
    if (!playback.isPlaying) throw notPlayable(room);
    return { peer, transport, bridge, playables };
  });
}

async function roomWithMedia(rooms: Rooms, { sessionId, sessionType }: JoinClaims): Promise<Room> {
  const isNew = rooms.find(sessionId) === undefined;
  const room = await rooms.open(sessionId, sessionType);
  if (room.producers.length === 0 && isNew) await firstProducer(room);
  if (room.producers.length === 0) throw nobodyPublishes();
  return room;
}

function firstProducer(room: Room): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      room.off('producerAdded', done);
      room.off('closed', done);
      resolve();
    };
    const timer = setTimeout(done, discoveryMs);
    room.on('producerAdded', done);
    room.on('closed', done);
  });
}

function notPlayable(room: Room): AppError {
  if (room.producers.length === 0) return nobodyPublishes();
  const codecs = [...new Set(room.producers.map(({ codec }) => codec))].join(', ');
  return new AppError('validation_failed', `The session sends ${codecs}, which the offer has no m-line for.`);
}
