import type { types } from 'mediasoup';
import type { AnsweredMedia } from './answer.ts';
import { codecParameters, commonFeedback, findRouterCodec, isRtx, offeredDtx } from './codecMatch.ts';
import type { OfferedCodec, OfferedMedia } from './offer.ts';
import { refused } from './refuse.ts';

/**
 * mediasoup numbers payload types per Router, WHEP lets the player number them. So a player is served from a Router
 * whose media codecs bear the player's numbers; `null`: the player doesn't know the codec, or its number is taken.
 * One entry for each media codec of the room's Router (RTX left out), in its order.
 */
export type PayloadPlan = readonly (number | null)[];

/** mediasoup hands these to RTX in this order (its ortc.js). */
const dynamicPayloadTypes: readonly number[] = [
  ...Array.from({ length: 28 }, (_, index) => 100 + index),
  ...[96, 97, 98, 99],
];
/** RFC 5761, section 4: payload types that RTCP multiplexed on the same port would be taken for. */
const isUsable = (payloadType: number): boolean => payloadType < 64 || payloadType > 95;

export function mediaCodecs(router: types.RtpCapabilities): types.RtpCodecCapability[] {
  return (router.codecs ?? []).filter((codec) => !isRtx(codec));
}

/** Throws `validation_failed` (422) when an m-line has no codec in common with the room. */
export function planPayloads(media: readonly OfferedMedia[], router: types.RtpCapabilities): PayloadPlan {
  const wanted = new Map<types.RtpCodecCapability, number>();
  for (const line of media) {
    for (const offered of line.codecs) {
      const codec = findRouterCodec(offered, router);
      if (codec !== undefined && !wanted.has(codec) && isUsable(offered.payloadType)) {
        wanted.set(codec, offered.payloadType);
      }
    }
    const found = mediaCodecs(router).some((codec) => codec.kind === line.kind && wanted.has(codec));
    if (!found) throw refused(`No codec of ${line.kind} is one of the session's.`, line.mid);
  }
  const free = withoutCollisions(wanted);
  return mediaCodecs(router).map((codec) => free.get(codec) ?? null);
}

/** The media codecs of a Router that serves a plan, in an order in which mediasoup's own numbers for RTX don't collide. */
export function plannedCodecs(
  plan: PayloadPlan,
  router: types.RtpCapabilities,
): types.RouterRtpCodecCapability[] {
  const codecs = mediaCodecs(router).map((codec, index): types.RouterRtpCodecCapability => {
    return { ...structuredClone(codec), preferredPayloadType: plan[index] ?? undefined };
  });
  return codecs.toSorted(
    (a, b) => rank(a.preferredPayloadType, a.kind) - rank(b.preferredPayloadType, b.kind),
  );
}

/** Sound first, since it takes no RTX; then by when mediasoup would hand the number out; the unnumbered last. */
function rank(payloadType: number | undefined, kind: types.MediaKind): number {
  if (payloadType === undefined) return 1_000;
  if (kind === 'audio') return -1;
  const place = dynamicPayloadTypes.indexOf(payloadType);
  return place < 0 ? 0 : place;
}

/** Leaves out what would collide with the RTX that mediasoup numbers by itself: with densely packed numbers only. */
function withoutCollisions(
  wanted: ReadonlyMap<types.RtpCodecCapability, number>,
): Map<types.RtpCodecCapability, number> {
  const kept = new Map<types.RtpCodecCapability, number>();
  const taken = new Set<number>();
  const ordered = [...wanted].toSorted(([a, one], [b, other]) => rank(one, a.kind) - rank(other, b.kind));
  for (const [codec, payloadType] of ordered) {
    if (taken.has(payloadType)) continue;
    taken.add(payloadType);
    kept.set(codec, payloadType);
    const rtx = dynamicPayloadTypes.find((free) => !taken.has(free));
    if (codec.kind === 'video' && rtx !== undefined) taken.add(rtx);
  }
  return kept;
}

/** What a player of one m-line can take of a Router made for it. */
export interface Playable {
  readonly rtpCapabilities: types.RtpCapabilities;
  readonly answer: AnsweredMedia;
}

/**
 * Capabilities of the player in the numbers of its own Router, and the answer's m-line: all codecs both know, so that
 * another source of another codec needs no new offer. Lost packets are sent again as they were (RFC 4585), without
 * RTX, whose payload types mediasoup doesn't let us choose; nor are SSRCs announced, since each source has its own.
 */
export function acceptPlayer(
  media: OfferedMedia,
  playerRouter: types.RtpCapabilities,
  msid: string,
): Playable {
  const extensions = media.extensions.filter(({ uri, id }) => isSameExtension(uri, id, media, playerRouter));
  const uris = extensions.map(({ uri }) => uri);
  const accepted = mediaCodecs(playerRouter).flatMap((codec) => {
    const offered = media.codecs.find(({ payloadType }) => payloadType === codec.preferredPayloadType);
    if (offered === undefined || findRouterCodec(offered, { codecs: [codec] }) === undefined) return [];
    return [{ offered, feedback: commonFeedback(offered, codec, uris) }];
  });
  const order = (codec: OfferedCodec): number => media.codecs.indexOf(codec);
  const codecs = accepted
    .toSorted((a, b) => order(a.offered) - order(b.offered))
    .map(({ offered, feedback }) => codecParameters(offered, feedback));
  return {
    rtpCapabilities: {
      codecs: codecs.map(({ payloadType, ...codec }) => ({
        ...codec,
        kind: media.kind,
        preferredPayloadType: payloadType,
      })),
      headerExtensions: playerRouter.headerExtensions?.filter(
        (known) => known.kind === media.kind && uris.includes(known.uri),
      ),
    },
    answer: {
      media,
      direction: 'sendonly',
      codecs: codecs.map((codec) => ({ ...codec, parameters: sent(codec) })),
      extensions,
      msid,
    },
  };
}

/** mediasoup fixes the ids of header extensions: one is used where the player happens to give it the same id. */
function isSameExtension(
  uri: string,
  id: number,
  media: OfferedMedia,
  playerRouter: types.RtpCapabilities,
): boolean {
  return (playerRouter.headerExtensions ?? []).some(
    (known) =>
      known.kind === media.kind &&
      known.uri === uri &&
      known.preferredId === id &&
      (known.direction === 'sendrecv' || known.direction === 'sendonly') &&
      // The MID that mediasoup would write is not the offer's.
      uri !== 'urn:ietf:params:rtp-hdrext:sdes:mid',
  );
}

function sent({ mimeType, parameters }: types.RtpCodecParameters): types.RtpCodecParameters['parameters'] {
  if (mimeType.toLowerCase() !== 'audio/opus') return parameters;
  return { minptime: 10, useinbandfec: 1, stereo: 1, 'sprop-stereo': 1, ...offeredDtx(parameters) };
}
