import type { types } from 'mediasoup';
import type { AnsweredMedia } from './answer.ts';
import { codecParameters, commonFeedback, findRouterCodec, isRtx, offeredDtx } from './codecMatch.ts';
import { orderLayers } from './layerOrder.ts';
import type { OfferedCodec, OfferedMedia } from './offer.ts';
import { refused } from './refuse.ts';

const midUri = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const ridUri = 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id';
/** More layers than browsers send. */
const maxLayers = 4;

/** What one m-line of a WHIP offer becomes: a producer's parameters, and what the answer says of the m-line. */
export interface Published {
  readonly rtpParameters: types.RtpParameters;
  readonly answer: AnsweredMedia;
}

/**
 * Takes the first codec of the offerer's preference that the Router has, with its RTX.
 * Throws `validation_failed` (422) when there is none, or when the streams can't be told apart.
 */
export function acceptPublished(media: OfferedMedia, router: types.RtpCapabilities): Published {
  const [codec, routerCodec] = chooseCodec(media, router);
  const extensions = media.extensions.filter(({ uri }) =>
    router.headerExtensions?.some(
      (known) => known.kind === media.kind && known.uri === uri && known.direction !== 'sendonly',
    ),
  );
  const uris = extensions.map(({ uri }) => uri);
  const main = codecParameters(codec, commonFeedback(codec, routerCodec, uris));
  const rtx = media.codecs.find((other) => isRtx(other) && other.parameters.apt === codec.payloadType);
  const codecs = rtx === undefined ? [main] : [main, codecParameters(rtx, [])];
  return {
    rtpParameters: {
      mid: media.mid,
      msid: media.msid,
      codecs,
      headerExtensions: extensions.flatMap(({ uri, id }) => (isKnownUri(uri, router) ? [{ uri, id }] : [])),
      encodings: encodings(media, uris, codec),
      rtcp: { cname: media.cname, reducedSize: true },
    },
    answer: {
      media,
      direction: 'recvonly',
      codecs: codecs.map((each) => ({ ...each, parameters: wanted(each, routerCodec) })),
      extensions,
      msid: null,
    },
  };
}

function chooseCodec(
  media: OfferedMedia,
  router: types.RtpCapabilities,
): readonly [OfferedCodec, types.RtpCodecCapability] {
  for (const codec of media.codecs) {
    const found = findRouterCodec(codec, router);
    if (found !== undefined) return [codec, found];
  }
  const offered = [...new Set(media.codecs.map(({ mimeType }) => mimeType))].join(', ') || 'none';
  const known = router.codecs?.filter((codec) => codec.kind === media.kind && !isRtx(codec)) ?? [];
  const supported = [...new Set(known.map(({ mimeType }) => mimeType))].join(', ');
  throw refused(
    `No codec of ${media.kind} is supported: offered ${offered}; supported ${supported}.`,
    media.mid,
  );
}

function isKnownUri(uri: string, router: types.RtpCapabilities): uri is types.RtpHeaderExtensionUri {
  return router.headerExtensions?.some((known) => known.uri === uri) ?? false;
}

/** Streams are told apart by RID (simulcast), by SSRC, or, with one stream to an m-line, by MID. */
function encodings(
  media: OfferedMedia,
  uris: readonly string[],
  codec: OfferedCodec,
): types.RtpEncodingParameters[] {
  if (media.layers.length > 0) {
    if (!uris.includes(ridUri) || !uris.includes(midUri)) {
      throw refused('Simulcast needs the header extensions for MID and RID.', media.mid);
    }
    if (media.layers.length > maxLayers)
      throw refused(`At most ${maxLayers} layers are supported.`, media.mid);
    return orderLayers(media.layers).map(({ rid }) => ({ rid }));
  }
  const [first, second] = media.ssrcs;
  if (second !== undefined) throw refused('The m-line has several streams that no RID names.', media.mid);
  if (first === undefined) {
    if (uris.includes(midUri)) return [{}];
    throw refused('The m-line names no SSRC and has no header extension for MID.', media.mid);
  }
  const dtx = codec.parameters.usedtx === 1 ? { dtx: true } : {};
  const rtx = first.rtxSsrc === undefined ? {} : { rtx: { ssrc: first.rtxSsrc } };
  return [{ ssrc: first.ssrc, ...rtx, ...dtx }];
}

/**
 * How we want to receive it: sound of a broadcast is stereo, with forward error correction (RFC 7587, section 7), and without
 * packets in silence where the client offers that; where browsers begin to send is what the room says.
 */
function wanted(
  { mimeType, parameters }: types.RtpCodecParameters,
  routerCodec: types.RtpCodecCapability,
): types.RtpCodecParameters['parameters'] {
  if (isRtx({ mimeType })) return parameters;
  if (mimeType.toLowerCase() === 'audio/opus') {
    return { minptime: 10, useinbandfec: 1, stereo: 1, ...offeredDtx(parameters) };
  }
  const ofRoom = Object.entries(routerCodec.parameters ?? {}).filter(([key]) => key.startsWith('x-google-'));
  return { ...parameters, ...Object.fromEntries(ofRoom) };
}
