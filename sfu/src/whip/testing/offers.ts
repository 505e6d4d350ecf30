import { readFileSync } from 'node:fs';
import * as mediasoup from 'mediasoup';
import type { types } from 'mediasoup';

/**
 * Offers as encoders and players make them: Chromium 156, libdatachannel as OBS 30 uses it, aiortc 1.4, and the shape of
 * GStreamer's webrtcbin.
 */
export type OfferName =
  | 'chromiumPublisher'
  | 'chromiumSimulcast'
  | 'chromiumViewer'
  | 'obsPublisher'
  | 'gstreamerPublisher'
  | 'aiortcPublisher'
  | 'aiortcViewer';

export function offerOf(name: OfferName): string {
  return readFileSync(new URL(`offers/${name}.sdp`, import.meta.url), 'utf8');
}

/** The m-line of a kind of an offer once more, with another mid. */
export function anotherLine(offer: string, kind: 'audio' | 'video', mid: number): string {
  const line = offer.split(/^(?=m=)/m).find((part) => part.startsWith(`m=${kind} `));
  return (line ?? '').replace(/a=mid:.*/, `a=mid:${mid}`);
}

/** Capabilities of a Router with codecs as rooms have them. */
export function routerCapabilities(): types.RtpCapabilities {
  const h264 = (profile: string) => ({
    kind: 'video' as const,
    mimeType: 'video/H264',
    clockRate: 90_000,
    parameters: { 'packetization-mode': 1, 'profile-level-id': profile, 'level-asymmetry-allowed': 1 },
  });
  return mediasoup.ortc.generateRouterRtpCapabilities([
    { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 },
    { kind: 'video', mimeType: 'video/VP8', clockRate: 90_000 },
    h264('42e01f'),
    h264('42001f'),
    { kind: 'video', mimeType: 'video/VP9', clockRate: 90_000, parameters: { 'profile-id': 0 } },
  ]);
}
