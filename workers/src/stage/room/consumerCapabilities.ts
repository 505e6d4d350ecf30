import type { RtpCapabilitiesMessage } from '@maydan/contracts';

/** Codecs that can be decoded here; `video/rtx` and the like are for lossy ways, which the one to the sfu isn't. */
const known: ReadonlySet<string> = new Set([
  'audio/opus',
  'video/vp8',
  'video/h264',
  'video/vp9',
  'video/av1',
]);
/** Key frames can be asked for; bandwidth isn't estimated between our own services. */
const feedback = (type: string, parameter?: string): boolean =>
  (type === 'nack' && parameter === 'pli') || type === 'ccm';

/** What our consumers can receive of what a room offers. */
export function consumerCapabilities(room: RtpCapabilitiesMessage): RtpCapabilitiesMessage {
  const codecs = (room.codecs ?? [])
    .filter(({ mimeType }) => known.has(mimeType.toLowerCase()))
    .map((codec) => ({
      ...codec,
      rtcpFeedback: (codec.rtcpFeedback ?? []).filter(({ type, parameter }) => feedback(type, parameter)),
    }));
  return { codecs, headerExtensions: [] };
}
