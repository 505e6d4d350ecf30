import type { SoundFrame, VideoFrame } from './frames.ts';

const maxGroupBytes = 12 * 1024 * 1024;
const maxGroupFrames = 1500;
const maxSoundFrames = 400;
const soundKeptMs = 4000;

/**
 * The running group of pictures and the last seconds of sound, so that a new leg can begin between two key frames:
 * its decoder is fed from the last key frame on. Bounded: a longer group is not kept.
 */
export class RecentFrames {
  private group: VideoFrame[] = [];
  private groupBytes = 0;
  private sound: SoundFrame[] = [];

  addVideo(frame: VideoFrame): void {
    if (frame.key) {
      this.group = [frame];
      this.groupBytes = frame.data.length;
      return;
    }
    if (this.group.length === 0) return;
    this.group.push(frame);
    this.groupBytes += frame.data.length;
    if (this.groupBytes > maxGroupBytes || this.group.length > maxGroupFrames) this.group = [];
  }

  addSound(frame: SoundFrame): void {
    this.sound.push(frame);
    const oldest = frame.timeMs - soundKeptMs;
    while (this.sound.length > maxSoundFrames || (this.sound[0]?.timeMs ?? oldest) < oldest)
      this.sound.shift();
  }

  /** From the last key frame on; empty when it isn't held any more. */
  get groupOfPictures(): readonly VideoFrame[] {
    return this.group;
  }

  soundFrom(timeMs: number): SoundFrame[] {
    return this.sound.filter((frame) => frame.timeMs >= timeMs);
  }
}
