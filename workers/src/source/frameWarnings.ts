import type { FrameCounts } from '@maydan/contracts';
import type { Warning } from './conditioned.ts';

/** From here on people notice. */
const noticed = 0.02;
/** Of fewer frames nothing is said. */
const fewest = 30;

/** What the broadcaster should know of missing, late and dropped frames. */
export function frameWarnings({ received, missing, late, mostLateMs, dropped }: FrameCounts): Warning[] {
  const warnings: Warning[] = [];
  const shareOf = (count: number, total: number): number => (total < fewest ? 0 : count / total);
  const percent = (share: number): string => `${Math.max(1, Math.round(share * 100))} %`;
  const gone = shareOf(missing ?? 0, received + (missing ?? 0));
  if (gone > noticed) {
    const message = `${percent(gone)} of the frames never come: the encoder drops them for want of network, or skips them as it is too slow. Lower the bitrate; if the computer is busy, the picture size or frame rate, too.`;
    warnings.push({ code: 'framesMissing', owner: 'source', message });
  }
  const slow = shareOf(late, received);
  if (slow > noticed) {
    const message = `${percent(slow)} of the frames come late, by up to ${(mostLateMs / 1_000).toFixed(1)} s: the network to us stalls. Lower the bitrate, stop other uploads, or use a cable.`;
    warnings.push({ code: 'framesLate', owner: 'source', message });
  }
  const lost = shareOf(dropped, received);
  if (lost > noticed) {
    const message = `${percent(lost)} of the frames are left out here: they came without the key frame they need, or an encoder of ours had to be replaced. Nothing to do on your side.`;
    warnings.push({ code: 'framesDropped', owner: 'internal', message });
  }
  return warnings;
}
