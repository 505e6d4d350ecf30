import type { PeerMedia } from './PeerMedia.ts';
import { readRtpStats } from './rtpStats.ts';
import type { RtpFigures } from './rtpStats.ts';

/** Figures of everything that a client sends (by source) and receives (by producer id). */
export interface StageStats {
  readonly sending: Readonly<Record<string, RtpFigures>>;
  readonly receiving: Readonly<Record<string, RtpFigures>>;
}

const lastReports = new WeakMap<object, RtpFigures>();

/** Asks the browser for its figures; rates are those since the previous call for the same producer or consumer. */
export async function measureStage(media: PeerMedia | null): Promise<StageStats> {
  if (!media) return { sending: {}, receiving: {} };
  const sending = [...media.sending.all()].map(async ([source, producer]) => {
    return [source, await measure(producer)] as const;
  });
  const receiving = [...media.receiving.all()].map(async ([producerId, { consumer }]) => {
    return [producerId, await measure(consumer)] as const;
  });
  return {
    sending: Object.fromEntries(await Promise.all(sending)),
    receiving: Object.fromEntries(await Promise.all(receiving)),
  };
}

interface Measured {
  readonly closed: boolean;
  getStats(): Promise<RTCStatsReport>;
}

async function measure(measured: Measured): Promise<RtpFigures> {
  const report = measured.closed ? [] : [...(await measured.getStats().catch(() => new Map())).values()];
  const figures = readRtpStats(report, lastReports.get(measured) ?? null);
  lastReports.set(measured, figures);
  return figures;
}
