import type { MediaKind } from '@maydan/contracts';
import type { types } from 'mediasoup';
import type { FrameFigures } from '../picture/FrameTally.ts';

/** What is counted of a producer from its beginning on. */
export interface PacketCounts {
  readonly received: number;
  readonly lost: number;
}

export interface ProducerHealth {
  readonly bitrateBps: number;
  /** Of the packets since the counts before, 0 to 1; null without them. */
  readonly packetLoss: number | null;
  readonly roundTripTimeMs: number | null;
  readonly jitterMs: number | null;
}

type Stream = Pick<
  types.ProducerStat,
  'bitrate' | 'packetCount' | 'packetsLost' | 'jitter' | 'roundTripTime'
>;

/** mediasoup gives jitter in units of the RTP clock (RFC 3550, 6.4.1): always 90 kHz for video, 48 kHz for Opus. */
const clockRatesHz: Record<MediaKind, number> = { video: 90_000, audio: 48_000 };

export function countsOf(streams: readonly Stream[]): PacketCounts {
  return {
    received: sum(streams.map(({ packetCount }) => packetCount)),
    lost: sum(streams.map(({ packetsLost }) => packetsLost)),
  };
}

/** Health of a producer by its streams (several with simulcast): bitrates add up, of delays the longest counts. */
export function producerHealth(
  kind: MediaKind,
  streams: readonly Stream[],
  before: PacketCounts | undefined,
): ProducerHealth {
  const jitters = streams.map(({ jitter }) => (jitter / clockRatesHz[kind]) * 1_000);
  const roundTrips = streams.flatMap(({ roundTripTime }) => roundTripTime ?? []);
  return {
    bitrateBps: Math.round(sum(streams.map(({ bitrate }) => bitrate))),
    packetLoss: before === undefined ? null : lossSince(before, countsOf(streams)),
    roundTripTimeMs: longest(roundTrips),
    jitterMs: longest(jitters),
  };
}

/**
 * Pictures as the probe saw them. Without lost packets of the producer there are no torn ones: what else is missing got lost on
 * the way to the probe. `before`: counts of a while ago, so that a loss is in both.
 */
export function framesOf(
  frames: FrameFigures | null,
  before: PacketCounts | undefined,
  now: PacketCounts,
): FrameFigures | null {
  if (frames === null || before === undefined) return null;
  return { ...frames, lost: Math.min(frames.lost, Math.max(0, now.lost - before.lost)) };
}

/** What came late or again is counted as received, so that a loss may be taken back. */
function lossSince(before: PacketCounts, now: PacketCounts): number | null {
  const lost = Math.max(0, now.lost - before.lost);
  const expected = lost + Math.max(0, now.received - before.received);
  return expected === 0 ? null : lost / expected;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function longest(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}
