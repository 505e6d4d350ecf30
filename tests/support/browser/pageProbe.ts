/** One picture that the page showed. */
export interface FrameSample {
  /** Presentation time in the video element's timeline. */
  readonly mediaTimeSec: number;
  /** When it reached the screen, on the page's `performance.now()` clock. */
  readonly shownAtMs: number;
  /** Mean brightness, 0 to 255. */
  readonly brightness: number;
  /** Equal for pictures that look alike (16 × 9 grey values in 32 steps). */
  readonly hash: string;
}

/** A beep that began, in the video element's timeline and on the page's clock. */
export interface BeepSample {
  readonly mediaTimeSec: number;
  readonly heardAtMs: number;
}

export interface SoundSample {
  readonly atMs: number;
  /** Root mean square of what sounded since the sample before, 1 = full scale. */
  readonly rms: number;
  readonly peak: number;
}

/** Everything seen and heard since the probe was installed; each list keeps its newest entries only. */
export interface ProbeReading {
  readonly nowMs: number;
  readonly positionSec: number;
  readonly frames: readonly FrameSample[];
  readonly beeps: readonly BeepSample[];
  readonly sounds: readonly SoundSample[];
}

export interface PageProbe {
  /** Entries later than `sinceMs` on the page's clock. */
  read(sinceMs: number): ProbeReading;
}

declare global {
  interface Window {
    maydanProbe?: PageProbe;
  }
}

/**
 * Runs inside the page, so it may use nothing from outside itself. Pictures come from
 * requestVideoFrameCallback, whose `mediaTime` is the frame's own time stamp. Sound is read from an AnalyserNode
 * whose memory (0.7 s) outlasts any pause between two readings. The sound's place in the media is found by
 * pairing the audio clock with the element's `currentTime` many times and taking the median, since
 * `currentTime` moves in steps of one audio buffer.
 */
export async function installPageProbe(selector: string): Promise<void> {
  if (window.maydanProbe) return;
  const video = document.querySelector<HTMLVideoElement>(selector);
  if (!video) throw new Error(`no video at ${selector}`);
  const keep = 4000;
  const frames: FrameSample[] = [];
  const beeps: BeepSample[] = [];
  const sounds: SoundSample[] = [];
  const push = <T>(list: T[], entry: T): void => {
    list.push(entry);
    if (list.length > keep) list.shift();
  };
  const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;

  const canvas = new OffscreenCanvas(16, 9);
  const painter = canvas.getContext('2d', { willReadFrequently: true });
  const onFrame = (_now: number, frame: VideoFrameCallbackMetadata): void => {
    video.requestVideoFrameCallback(onFrame);
    if (!painter) return;
    painter.drawImage(video, 0, 0, 16, 9);
    const { data } = painter.getImageData(0, 0, 16, 9);
    let sum = 0;
    let hash = '';
    for (let i = 0; i < data.length; i += 4) {
      const grey = (data[i] ?? 0) * 0.299 + (data[i + 1] ?? 0) * 0.587 + (data[i + 2] ?? 0) * 0.114;
      sum += grey;
      hash += String.fromCharCode(65 + (grey >> 3));
    }
    push(frames, {
      mediaTimeSec: frame.mediaTime,
      shownAtMs: frame.expectedDisplayTime,
      brightness: sum / (data.length / 4),
      hash,
    });
  };
  video.requestVideoFrameCallback(onFrame);

  const context = new AudioContext();
  await context.resume();
  const analyser = context.createAnalyser();
  analyser.fftSize = 32768;
  context.createMediaElementSource(video).connect(analyser).connect(context.destination);
  const samples = new Float32Array(analyser.fftSize);
  const clocks: { contextSec: number; mediaSec: number; pageMs: number; rate: number }[] = [];
  let loudest = 0;
  let lastReadSec = context.currentTime;
  let lastBeepSec = -1;

  const noteBeep = (contextSec: number): void => {
    lastBeepSec = contextSec;
    const rate = video.playbackRate;
    const near = clocks.filter(
      (clock) => Math.abs(clock.contextSec - contextSec) < 0.6 && clock.rate === rate,
    );
    if (near.length < 3) return;
    push(beeps, {
      mediaTimeSec: median(near.map((clock) => clock.mediaSec + rate * (contextSec - clock.contextSec))),
      heardAtMs: median(near.map((clock) => clock.pageMs + 1000 * (contextSec - clock.contextSec))),
    });
  };
  /** A beep begins where 2 ms are loud after 60 ms of near silence. */
  const findBeeps = (nowSec: number, newSamples: number): void => {
    const window = Math.round(context.sampleRate * 0.002);
    const quietWindows = 30;
    const firstWindow = Math.max(0, Math.floor((samples.length - newSamples) / window) - quietWindows);
    let quiet = 0;
    for (let w = firstWindow; (w + 1) * window <= samples.length; w++) {
      let peak = 0;
      for (let i = w * window; i < (w + 1) * window; i++) peak = Math.max(peak, Math.abs(samples[i] ?? 0));
      loudest = Math.max(peak, loudest * 0.9999);
      const threshold = Math.max(0.02, loudest * 0.3);
      if (peak >= threshold) {
        const beginSec = nowSec - (samples.length - w * window) / context.sampleRate;
        if (quiet >= quietWindows && beginSec - lastBeepSec > 0.3) noteBeep(beginSec);
        quiet = 0;
      } else if (peak < threshold / 2) {
        quiet += 1;
      }
    }
  };
  const listen = (): void => {
    const nowSec = context.currentTime;
    const pageMs = performance.now();
    analyser.getFloatTimeDomainData(samples);
    if (!video.paused && !video.seeking && video.readyState > 2) {
      clocks.push({ contextSec: nowSec, mediaSec: video.currentTime, pageMs, rate: video.playbackRate });
      if (clocks.length > 200) clocks.shift();
    }
    const newSamples = Math.min(samples.length, Math.round((nowSec - lastReadSec) * context.sampleRate));
    lastReadSec = nowSec;
    if (newSamples === 0) return;
    let sum = 0;
    let peak = 0;
    for (let i = samples.length - newSamples; i < samples.length; i++) {
      const value = samples[i] ?? 0;
      sum += value * value;
      peak = Math.max(peak, Math.abs(value));
    }
    push(sounds, { atMs: pageMs, rms: Math.sqrt(sum / newSamples), peak });
    findBeeps(nowSec, newSamples);
  };
  setInterval(listen, 30);

  window.maydanProbe = {
    read: (sinceMs) => ({
      nowMs: performance.now(),
      positionSec: video.currentTime,
      frames: frames.filter((frame) => frame.shownAtMs > sinceMs),
      beeps: beeps.filter((beep) => beep.heardAtMs > sinceMs),
      sounds: sounds.filter((sound) => sound.atMs > sinceMs),
    }),
  };
}
