import { write, type MediaDescription, type SessionDescription } from 'sdp-transform';
import type { types } from 'mediasoup';
import type { Offer, OfferedExtension, OfferedMedia } from './offer.ts';

/** What the answer says about one m-line of the offer. */
export interface AnsweredMedia {
  readonly media: OfferedMedia;
  readonly direction: 'recvonly' | 'sendonly';
  readonly codecs: readonly types.RtpCodecParameters[];
  readonly extensions: readonly OfferedExtension[];
  /** MediaStream and track, of what we send. */
  readonly msid: string | null;
}

/** Our end of the transport, as mediasoup made it. */
export interface AnsweringTransport {
  readonly iceParameters: types.IceParameters;
  readonly iceCandidates: readonly types.IceCandidate[];
  readonly dtlsParameters: types.DtlsParameters;
}

/** An m-line's port where ICE says the real one (RFC 8840, section 4.1.1). */
const discardPort = 9;

/**
 * The SDP answer to an offer, all of whose m-lines are accepted. It holds all our candidates, UDP and TCP (RFC 9725,
 * section 4.3.1). Transport attributes stand in each m-line, since not every client looks for them in the first alone.
 */
export function writeAnswer(
  offer: Offer,
  media: readonly AnsweredMedia[],
  transport: AnsweringTransport,
  sessionId: number,
): string {
  const session: SessionDescription = {
    version: 0,
    origin: {
      username: 'maydan',
      sessionId,
      sessionVersion: 1,
      netType: 'IN',
      ipVer: 4,
      address: '127.0.0.1',
    },
    name: '-',
    timing: { start: 0, stop: 0 },
    ...(transport.iceParameters.iceLite === false ? {} : { icelite: 'ice-lite' }),
    iceOptions: 'trickle ice2',
    groups: [{ type: 'BUNDLE', mids: media.map((each) => each.media.mid).join(' ') }],
    msidSemantic: { semantic: 'WMS', token: '*' },
    ...(offer.mixedExtensions ? { extmapAllowMixed: 'extmap-allow-mixed' } : {}),
    media: media.map((each) => writeMedia(offer, each, transport)),
  };
  return write(session);
}

function writeMedia(offer: Offer, answered: AnsweredMedia, transport: AnsweringTransport): MediaDescription {
  const { media, codecs } = answered;
  const { iceParameters, iceCandidates, dtlsParameters } = transport;
  const [msidStream = '-', msidTrack] = answered.msid?.split(' ') ?? [];
  return {
    type: media.kind,
    port: discardPort,
    protocol: media.protocol,
    payloads: codecs.map(({ payloadType }) => payloadType).join(' '),
    connection: { version: 4, ip: '0.0.0.0' },
    mid: media.mid,
    direction: answered.direction,
    rtp: codecs.map(writeRtp),
    fmtp: codecs.flatMap(writeFmtp),
    rtcpFb: codecs.flatMap(writeFeedback),
    ext: answered.extensions.map(({ uri, id }) => ({ value: id, uri })),
    ...(answered.msid === null ? {} : { msid: [{ id: msidStream, appdata: msidTrack }] }),
    ...writeSimulcast(answered),
    rtcpMux: 'rtcp-mux',
    ...(media.reducedSizeRtcp ? { rtcpRsize: 'rtcp-rsize' } : {}),
    setup: offer.dtls.role === 'client' ? 'passive' : 'active',
    fingerprint: bestFingerprint(dtlsParameters),
    iceUfrag: iceParameters.usernameFragment,
    icePwd: iceParameters.password,
    candidates: iceCandidates.map(writeCandidate),
    endOfCandidates: 'end-of-candidates',
  };
}

function writeRtp(codec: types.RtpCodecParameters): MediaDescription['rtp'][number] {
  const name = codec.mimeType.slice(codec.mimeType.indexOf('/') + 1);
  const channels = codec.channels ?? 1;
  return {
    payload: codec.payloadType,
    codec: name,
    rate: codec.clockRate,
    ...(channels > 1 ? { encoding: channels } : {}),
  };
}

function writeFmtp({ payloadType, parameters = {} }: types.RtpCodecParameters): MediaDescription['fmtp'] {
  const config = Object.entries(parameters)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(';');
  return config === '' ? [] : [{ payload: payloadType, config }];
}

function writeFeedback({ payloadType, rtcpFeedback = [] }: types.RtpCodecParameters): {
  payload: number;
  type: string;
  subtype?: string;
}[] {
  return rtcpFeedback.map(({ type, parameter }) => ({
    payload: payloadType,
    type,
    ...(parameter ? { subtype: parameter } : {}),
  }));
}

/** All layers are taken, in the order in which they were offered (RFC 8853, section 5.3.2). */
function writeSimulcast({ media, direction }: AnsweredMedia): Partial<MediaDescription> {
  if (direction !== 'recvonly' || media.layers.length === 0) return {};
  return {
    rids: media.layers.map(({ rid }) => ({ id: rid, direction: 'recv' })),
    simulcast: { dir1: 'recv', list1: media.layers.map(({ rid }) => rid).join(';') },
  };
}

export function writeCandidate(
  candidate: types.IceCandidate,
): NonNullable<MediaDescription['candidates']>[number] {
  return {
    foundation: candidate.foundation,
    component: 1,
    transport: candidate.protocol,
    priority: candidate.priority,
    ip: candidate.address,
    port: candidate.port,
    type: candidate.type,
    ...(candidate.tcpType === undefined ? {} : { tcptype: candidate.tcpType }),
  };
}

/** SDP has room for one per m-line in practice: sha-256, which every client knows. */
function bestFingerprint({ fingerprints }: types.DtlsParameters): { type: string; hash: string } {
  const found = fingerprints.find(({ algorithm }) => algorithm === 'sha-256') ?? fingerprints[0];
  if (found === undefined) throw new Error('the transport has no fingerprint');
  return { type: found.algorithm, hash: found.value };
}
