import { parseParams, type MediaDescription } from 'sdp-transform';
import type { types } from 'mediasoup';
import type { OfferedCodec } from './offer.ts';
import { toNumber, toText } from './plain.ts';

type Parameters = Record<string, string | number>;

/** The codecs of an m-line in the order of its payload types, RTX and FEC among them. */
export function readCodecs(line: MediaDescription): OfferedCodec[] {
  const listed = toText(line.payloads).split(' ').map(Number);
  return listed.flatMap((payloadType) => {
    const rtp = line.rtp.find(({ payload }) => payload === payloadType);
    if (rtp === undefined) return [];
    const fmtp = line.fmtp.find(({ payload }) => payload === payloadType);
    return [
      {
        payloadType,
        mimeType: `${line.type}/${rtp.codec}`,
        clockRate: toNumber(rtp.rate),
        channels: line.type === 'audio' ? (rtp.encoding ?? 1) : undefined,
        parameters: readParameters(fmtp?.config),
        rtcpFeedback: readFeedback(line, payloadType),
      },
    ];
  });
}

/** `a=1;b=x` as a record; what is no pair is left out. */
export function readParameters(text: string | number | undefined): Parameters {
  const parameters: Parameters = {};
  for (const [key, value] of Object.entries<unknown>(parseParams(toText(text)))) {
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    // Six hexadecimal digits, even where all of them happen to be decimal.
    parameters[key] = key === 'profile-level-id' ? String(value) : value;
  }
  return parameters;
}

function readFeedback(line: MediaDescription, payloadType: number): types.RtcpFeedback[] {
  return (line.rtcpFb ?? [])
    .filter(({ payload }) => payload === '*' || Number(payload) === payloadType)
    .map(({ type, subtype }) => ({ type, parameter: subtype ?? '' }));
}
