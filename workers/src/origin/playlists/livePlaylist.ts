import { MAP_VERSION, partTargetSeconds, seconds, SKIP_VERSION, uriOf } from './tags.ts';

/** What is constant over a playback and the same in all its media playlists (RFC 8216bis §6.2.4). */
export interface PlaybackTiming {
  readonly targetDurationSec: number;
  readonly partTargetSec: number;
}

/** EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL, six target durations (RFC 8216bis §4.4.3.8). */
export const skipBoundarySec = (timing: PlaybackTiming): number => 6 * timing.targetDurationSec;

/**
 * Where a low-latency player begins, seconds from the end. Three parts are the least the RFC advises; below one
 * second ordinary networks stall.
 */
export const partHoldBackSec = (timing: PlaybackTiming): number => Math.max(3 * timing.partTargetSec, 1);

/** EXT-X-PART tags are listed for segments that begin within this distance of the playlist's end (§6.2.2). */
export const partsListedSec = (timing: PlaybackTiming): number => 3 * timing.targetDurationSec;

/** How far beyond the last part a request may point (RFC 8216bis §6.2.5.2). */
export const advancePartLimit = (timing: PlaybackTiming): number =>
  timing.partTargetSec < 1 ? Math.ceil(3 / timing.partTargetSec) : 3;

export interface LiveHead {
  readonly timing: PlaybackTiming;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  /** Media segments replaced by EXT-X-SKIP; 0 for a full playlist. */
  readonly skipped: number;
  readonly iFramesOnly: boolean;
}

/** Everything before the first segment of a live media or I-frame playlist. */
export function renderLiveHead(head: LiveHead): string {
  const { timing } = head;
  const partInf = `#EXT-X-PART-INF:PART-TARGET=${partTargetSeconds(timing.partTargetSec)}\n`;
  return (
    `#EXTM3U\n#EXT-X-VERSION:${head.skipped > 0 ? SKIP_VERSION : MAP_VERSION}\n` +
    `#EXT-X-TARGETDURATION:${timing.targetDurationSec}\n` +
    `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=${seconds(skipBoundarySec(timing))},` +
    `HOLD-BACK=${seconds(3 * timing.targetDurationSec)},PART-HOLD-BACK=${seconds(partHoldBackSec(timing))}\n` +
    (head.iFramesOnly ? '#EXT-X-I-FRAMES-ONLY\n' : partInf) +
    `#EXT-X-MEDIA-SEQUENCE:${head.mediaSequence}\n` +
    `#EXT-X-DISCONTINUITY-SEQUENCE:${head.discontinuitySequence}\n` +
    (head.skipped > 0 ? `#EXT-X-SKIP:SKIPPED-SEGMENTS=${head.skipped}\n` : '')
  );
}

export interface ListedPart {
  readonly path: string;
  readonly durationSec: number;
  readonly independent: boolean;
}

export function partLine(part: ListedPart): string {
  const independent = part.independent ? ',INDEPENDENT=YES' : '';
  return `#EXT-X-PART:DURATION=${seconds(part.durationSec)},URI="${uriOf(part.path)}"${independent}\n`;
}

/** The newest part of another rendition. */
export interface RenditionReport {
  readonly id: string;
  readonly lastMsn: number;
  readonly lastPart: number;
}

const reportLine = (report: RenditionReport): string =>
  `#EXT-X-RENDITION-REPORT:URI="../${report.id}/index.m3u8",LAST-MSN=${report.lastMsn},LAST-PART=${report.lastPart}\n`;

/** Everything after the last listed segment or part. A playlist that ended hints nothing (§4.4.5.3). */
export function renderLiveTail(
  ended: boolean,
  hintPath: string | null,
  reports: readonly RenditionReport[],
): string {
  if (ended) return '#EXT-X-ENDLIST\n';
  const hint = hintPath === null ? '' : `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${uriOf(hintPath)}"\n`;
  return hint + reports.map(reportLine).join('');
}
