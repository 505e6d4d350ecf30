import * as mediasoup from 'mediasoup';
import type { types } from 'mediasoup';
import type { OfferedCodec } from './offer.ts';

const transportCc = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const absSendTime = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';

export function isRtx({ mimeType }: { readonly mimeType: string }): boolean {
  return /\/rtx$/i.test(mimeType);
}

/** DTX (RFC 7587, section 7: `usedtx`) is agreed on with whoever offers it. */
export function offeredDtx(offered: Readonly<Record<string, unknown>> | undefined): { usedtx?: 1 } {
  return offered?.['usedtx'] === 1 ? { usedtx: 1 } : {};
}

/** As RTP parameters of mediasoup, with what both sides understand of the feedback. */
export function codecParameters(
  codec: OfferedCodec,
  feedback: readonly types.RtcpFeedback[],
): types.RtpCodecParameters {
  return {
    mimeType: codec.mimeType,
    payloadType: codec.payloadType,
    clockRate: codec.clockRate,
    channels: codec.channels,
    parameters: { ...codec.parameters },
    rtcpFeedback: [...feedback],
  };
}

/** The codec of a Router that is the offered one, as mediasoup sees it (profile and packetization mode count). */
export function findRouterCodec(
  offered: OfferedCodec,
  router: types.RtpCapabilities,
): types.RtpCodecCapability | undefined {
  if (isRtx(offered)) return undefined;
  return router.codecs?.find((codec) => !isRtx(codec) && isSameCodec(offered, codec));
}

function isSameCodec(offered: OfferedCodec, codec: types.RtpCodecCapability): boolean {
  const consumable = {
    codecs: [{ ...structuredClone(codec), payloadType: codec.preferredPayloadType }],
    encodings: [],
  };
  const { payloadType, ...rest } = codecParameters(offered, []);
  const capability = { ...rest, kind: codec.kind, preferredPayloadType: payloadType };
  try {
    return mediasoup.ortc.canConsume(consumable, { codecs: [capability], headerExtensions: [] });
  } catch {
    // Parameters of the offer that mediasoup doesn't even read.
    return false;
  }
}

/** What both sides can say about the stream; of the two ways to estimate bandwidth the better that is possible. */
export function commonFeedback(
  offered: OfferedCodec,
  router: types.RtpCodecCapability,
  extensionUris: readonly string[],
): types.RtcpFeedback[] {
  const estimation = extensionUris.includes(transportCc)
    ? 'transport-cc'
    : extensionUris.includes(absSendTime)
      ? 'goog-remb'
      : null;
  return offered.rtcpFeedback.filter(({ type, parameter }) => {
    if ((type === 'transport-cc' || type === 'goog-remb') && type !== estimation) return false;
    return router.rtcpFeedback?.some(
      (known) => known.type === type && (known.parameter ?? '') === (parameter ?? ''),
    );
  });
}
