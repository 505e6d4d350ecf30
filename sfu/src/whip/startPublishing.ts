import { AppError } from '@maydan/common';
import type { WhipAuthorizeOutput } from '@maydan/contracts';
import type { types } from 'mediasoup';
import type { Peer } from '../rooms/Peer.ts';
import type { Rooms } from '../rooms/Rooms.ts';
import { LiteBridge } from './ice/LiteBridge.ts';
import type { Offer } from './sdp/offer.ts';
import type { Published } from './sdp/publish.ts';

/** A client that is in its room with its transport. */
export interface Connected {
  readonly peer: Peer;
  readonly transport: types.WebRtcTransport;
  /** Does ICE in the place of a client that is ICE lite; null: there is none. */
  readonly bridge: LiteBridge | null;
}

/**
 * Brings a WHIP client into its session's room as the host, with a microphone and a camera. What published before with
 * this key the api drops, on whatever node it is, by the peer's id; this one, too, when that was done since the api was asked
 * at `askedAtMs` (`forbidden`). Throws what the room refuses; nothing is left behind then.
 */
export async function startPublishing(
  rooms: Rooms,
  grant: WhipAuthorizeOutput & { readonly askedAtMs: number },
  offer: Offer,
  published: readonly Published[],
): Promise<Connected> {
  const { sessionId, sessionType, peerId, userId, displayName, askedAtMs } = grant;
  if (sessionType === 'audio' && offer.media.some(({ kind }) => kind === 'video')) {
    throw new AppError('validation_failed', 'This is an audio session, and the offer has video.');
  }
  const iat = Math.floor(askedAtMs / 1_000);
  const identity = { peerId, role: 'host' as const, userId, displayName, iat };
  const { peer } = await rooms.join(sessionId, sessionType, identity);
  return orLeave(peer, async () => {
    rooms.checkAdmission({ ...identity, sessionId });
    const { transport, bridge } = await connect(peer, 'send', offer);
    for (const { rtpParameters, answer } of published) {
      const { kind } = answer.media;
      const source = kind === 'audio' ? 'microphone' : 'camera';
      await peer.produce(transport.id, { kind, source, rtpParameters });
    }
    return { peer, transport, bridge };
  });
}

/** A transport that knows the client's certificate; ICE and DTLS begin when the client has our answer. */
export async function connect(
  peer: Peer,
  direction: 'send' | 'receive',
  { dtls, ice, liteAddresses }: Offer,
): Promise<Omit<Connected, 'peer'>> {
  const transport = await peer.transports.createWebRtc({ direction });
  await peer.transports.connect(transport.id, { role: dtls.role, fingerprints: [dtls.fingerprint] });
  if (liteAddresses === null) return { transport, bridge: null };
  const place = { server: peer.place.worker.webRtcServer, portRange: peer.transports.portRange };
  const client = { ice, addresses: liteAddresses };
  return { transport, bridge: await LiteBridge.start(transport, place, client) };
}

/** A peer whose media can't be set up leaves; one that was replaced meanwhile learns that. */
export async function orLeave<T>(peer: Peer, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (peer.closed)
      throw new AppError('conflict', 'A newer connection took over.', undefined, { cause: error });
    peer.close('left');
    throw error;
  }
}
