import { silentAacConfig, type AacConfig } from './aacConfig.ts';
import type { ConditionedEvent, LegEndReason, LegRules } from './conditioned.ts';
import { sameBytes, type SoundFrame, type VideoFrame } from './frames.ts';
import { LegWriter, slateTrack, type LegSetup } from './LegWriter.ts';
import { RecentFrames } from './RecentFrames.ts';
import { longestCopyIntervalSec, type SourceConditions } from './SourceConditions.ts';
import type { SourceInfo } from './sourceInfo.ts';
import type { VideoConfig } from './videoConfig.ts';
import type { WallClock } from './WallClock.ts';

interface Leg {
  readonly writer: LegWriter;
  readonly rules: LegRules;
  /** Configuration of the pictures written; null for a slate or none. */
  readonly picture: VideoConfig | null;
  readonly audio: AacConfig;
  lastIdrMs: number;
  /** The next key frame begins another leg. */
  switchAtKey: boolean;
}

interface Deps {
  readonly plan: (source: SourceInfo) => LegRules;
  readonly emit: (event: ConditionedEvent) => void;
  readonly wall: WallClock;
  readonly conditions: SourceConditions;
}

/** Sound went on for this long without a picture: the picture is gone. */
const videoLostMs = 2000;
/** Parts of a copied rendition can't be longer than a frame is short: a hole like this breaks them. */
const copyGapMs = 200;
/** So many holes within a minute mean that copying makes no sense any more. */
const toleratedGaps = 2;
const gapWindowMs = 60_000;

/** Decides where legs begin and end, from frames on the continuous clock. Pure. */
export class LegDirector {
  private readonly deps: Deps;
  private readonly recent = new RecentFrames();
  private leg: Leg | null = null;
  private begun = false;
  private waitingSinceMs = 0;
  private audio: AacConfig | null = null;
  private gaps: number[] = [];
  private lastSize: string | null = null;

  constructor(deps: Deps) {
    this.deps = deps;
  }

  /** Length of the running leg's output so far. */
  get runningMs(): number {
    return this.leg === null ? 0 : this.leg.writer.endMs - this.leg.writer.setup.startMs;
  }

  /** The probe's frames, in order of arrival; the first leg begins with the first key frame, or the first sound. */
  begin(frames: readonly (VideoFrame | SoundFrame)[], silence: AacConfig): void {
    this.begun = true;
    const sounds = frames.filter(isSound);
    this.audio = sounds.at(-1)?.config ?? null;
    const firstKey = frames.find((frame) => isPicture(frame) && frame.key);
    this.waitingSinceMs = firstKey?.timeMs ?? sounds[0]?.timeMs ?? 0;
    if (firstKey === undefined) {
      for (const sound of sounds) this.recent.addSound(sound);
      this.startWithoutPicture(this.waitingSinceMs, silence);
      return;
    }
    for (const frame of frames) {
      if (isPicture(frame)) this.picture(frame);
      else this.sound(frame);
    }
  }

  picture(frame: VideoFrame): void {
    this.recent.addVideo(frame);
    const leg = this.leg;
    // Neither without a picture to begin with, nor of another configuration, anything can be decoded.
    const needsKey = leg === null || (leg.rules.takesVideo && leg.picture !== frame.config);
    if (needsKey && !frame.key) return this.deps.conditions.frames.dropped(1);
    if (leg === null) return this.startAtKey(frame);
    if (!leg.rules.takesVideo) return this.deps.conditions.videoHasNoRendition();
    if (leg.picture === null) this.switchAt(frame, 'videoReturned');
    else if (needsKey || (leg.switchAtKey && frame.key)) this.switchAt(frame, 'configurationChanged');
    else this.continueWith(leg, frame);
  }

  private continueWith(leg: Leg, frame: VideoFrame): void {
    const fault = leg.rules.copiesVideo ? this.copyFault(leg, frame) : null;
    if (frame.idr) leg.lastIdrMs = frame.timeMs;
    if (fault === null) return this.write(leg.writer.picture(frame));
    if (fault === 'cadenceLost' && frame.idr && this.toleratesGap(frame.timeMs)) {
      this.deps.conditions.forgetGaps(copyGapMs);
      return this.switchAt(frame, fault);
    }
    if (fault === 'cadenceLost') this.deps.conditions.cadenceLost();
    this.switchWithinGroup(fault);
  }

  private copyFault(leg: Leg, frame: VideoFrame): 'cadenceLost' | 'keyFrameIntervalTooLong' | null {
    const sinceLastMs = frame.timeMs - (leg.writer.lastPictureMs ?? frame.timeMs);
    if (sinceLastMs > copyGapMs || !this.deps.conditions.keepsCadence(leg.rules.frameRate))
      return 'cadenceLost';
    const tooLong = !frame.idr && frame.timeMs - leg.lastIdrMs > longestCopyIntervalSec * 1000;
    return tooLong ? 'keyFrameIntervalTooLong' : null;
  }

  private toleratesGap(timeMs: number): boolean {
    this.gaps = [...this.gaps.filter((gap) => timeMs - gap < gapWindowMs), timeMs];
    return this.gaps.length <= toleratedGaps;
  }

  sound(frame: SoundFrame): void {
    this.recent.addSound(frame);
    this.audio = frame.config;
    const leg = this.leg;
    if (leg === null) {
      const waitedMs = frame.timeMs - this.waitingSinceMs;
      if (this.begun && waitedMs > videoLostMs) this.startWithoutPicture(this.waitingSinceMs, frame.config);
      return;
    }
    if (!sameBytes(leg.audio.record, frame.config.record)) return this.soundChanged(leg, frame);
    this.write(leg.writer.sound(frame));
    if (leg.picture !== null && frame.timeMs - leg.writer.picturesUntilMs > videoLostMs) {
      this.end('videoLost');
      this.startWithoutPicture(leg.writer.picturesUntilMs, frame.config);
    }
  }

  private soundChanged(leg: Leg, frame: SoundFrame): void {
    if (leg.picture === null) {
      this.end('configurationChanged');
      this.startWithoutPicture(frame.timeMs, frame.config);
    } else if (leg.rules.copiesVideo) {
      leg.switchAtKey = true;
    } else {
      this.switchWithinGroup('configurationChanged');
    }
  }

  /** The encoder is no use any more: another leg as soon as possible. */
  restart(reason: 'encoderFailed' | 'encoderTooSlow'): void {
    const leg = this.leg;
    if (leg === null) return;
    if (leg.picture === null) {
      this.end(reason);
      this.startWithoutPicture(leg.writer.endMs, leg.audio);
    } else if (leg.rules.copiesVideo) {
      // A copy can only begin with a key frame, and those come often.
      this.end(reason);
    } else {
      this.switchWithinGroup(reason);
    }
  }

  end(reason: LegEndReason): void {
    const leg = this.leg;
    if (leg === null) return;
    this.write(leg.writer.finish(leg.picture === null ? Infinity : leg.writer.picturesUntilMs));
    this.leg = null;
    this.waitingSinceMs = leg.writer.picturesUntilMs;
    this.deps.emit({ type: 'leg.ended', reason, durationMs: leg.writer.endMs - leg.writer.setup.startMs });
  }

  private switchAt(frame: VideoFrame, reason: LegEndReason): void {
    this.end(reason);
    this.startAtKey(frame);
  }

  private startAtKey(frame: VideoFrame): void {
    this.start(frame.config, frame.timeMs, [frame]);
  }

  /** Goes on between two key frames: the new encoder decodes from the last one, and shows from here on. */
  private switchWithinGroup(reason: LegEndReason): void {
    const startMs = this.leg?.writer.picturesUntilMs;
    const group = this.recent.groupOfPictures;
    const first = group[0];
    const usable = first !== undefined && first.config === this.leg?.picture;
    this.end(reason);
    // Without the group at hand the next key frame begins the next leg.
    if (usable && startMs !== undefined) this.start(first.config, startMs, group);
  }

  private start(config: VideoConfig, startMs: number, pictures: readonly VideoFrame[]): void {
    const originMs = Math.min(startMs, pictures[0]?.timeMs ?? startMs);
    const source = this.deps.conditions.sourceInfo({ video: true, audio: this.audio !== null });
    const size = `${config.sps.width}x${config.sps.height}`;
    if (this.lastSize !== null && this.lastSize !== size) {
      const message = `The picture changed from ${this.lastSize} to ${size}.`;
      this.deps.emit({ type: 'warning', warning: { code: 'resolutionChanged', owner: 'source', message } });
    }
    this.lastSize = size;
    const leg = this.open(source, { kind: 'source', config }, originMs, startMs);
    if (leg.picture === null) return;
    leg.lastIdrMs = pictures[0]?.timeMs ?? startMs;
    for (const picture of pictures) this.write(leg.writer.picture(picture));
  }

  private startWithoutPicture(startMs: number, audio: AacConfig): void {
    this.audio = this.audio ?? audio;
    const source = this.deps.conditions.sourceInfo({ video: false, audio: true });
    this.open(source, null, startMs, startMs);
  }

  private open(source: SourceInfo, track: LegSetup['video'], originMs: number, startMs: number): Leg {
    const rules = this.deps.plan(source);
    const audio = this.audio ?? silentAacConfig;
    const video = rules.takesVideo ? (track ?? slateTrack) : null;
    const soundExpected = this.audio !== null;
    const frameRate = source.video?.frameRate ?? rules.frameRate;
    const writer = new LegWriter({ originMs, startMs, video, frameRate, audio, soundExpected });
    const picture = video?.kind === 'source' ? video.config : null;
    this.leg = { writer, rules, picture, audio, lastIdrMs: startMs, switchAtKey: false };
    this.deps.conditions.legBegan(video?.kind ?? 'none', () => writer.silenceStandsIn);
    const programDateTimeMs = this.deps.wall.at(startMs);
    this.deps.emit({
      type: 'leg.planned',
      leg: { source, rules, format: writer.format, leadInMs: startMs - originMs, programDateTimeMs },
    });
    this.write([writer.header()]);
    for (const sound of this.recent.soundFrom(startMs)) {
      if (sameBytes(sound.config.record, audio.record)) this.write(writer.sound(sound));
    }
    return this.leg;
  }

  private write(pieces: readonly Uint8Array[]): void {
    for (const bytes of pieces) this.deps.emit({ type: 'media', bytes });
  }
}

function isPicture(frame: VideoFrame | SoundFrame): frame is VideoFrame {
  return 'compositionMs' in frame;
}

function isSound(frame: VideoFrame | SoundFrame): frame is SoundFrame {
  return !isPicture(frame);
}
