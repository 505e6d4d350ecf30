import type { VideoInfo } from '../source/sourceInfo.ts';

/** HLS segments of 2 s end at key frames: EXT-X-TARGETDURATION 2 holds up to 2.5 s (RFC 8216bis 4.4.3.1). */
const longestKeyFrameIntervalSec = 2.4;
const levelLimit = 52;

/** Whether every player can take the source's own pictures, cut where its key frames are. */
export function isCopyable(video: VideoInfo): boolean {
  return (
    video.codec === 'h264' &&
    video.widelyPlayable &&
    video.constantFrameRate &&
    video.level <= levelLimit &&
    video.frameRate >= 10 &&
    video.frameRate <= 60.5 &&
    (video.keyFrameIntervalSec ?? 0) <= longestKeyFrameIntervalSec
  );
}
