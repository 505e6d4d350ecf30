/** What the tests publish: a moving picture that flashes white, and a 1 kHz beep, both in the first 100 ms of each second. */
export interface TestPattern {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  /** False: no video track. */
  readonly video?: boolean;
  /** False: no audio track. */
  readonly audio?: boolean;
  readonly audioRateHz?: number;
  readonly audioChannels?: number;
  readonly keyFrameIntervalSec?: number;
  readonly bFrames?: number;
  readonly videoBitrateKbps?: number;
  readonly durationSec?: number;
}

/** The picture is dim outside the flash, so that a white frame stands out of any frame of it. */
export function videoSource(pattern: TestPattern): string {
  const { width, height, frameRate } = pattern;
  const flash = `drawbox=color=white:t=fill:enable='lt(mod(t,1),0.1)'`;
  return `testsrc2=size=${width}x${height}:rate=${frameRate},format=yuv420p,lutyuv=y=val/3+16,${flash}`;
}

export function audioSource(pattern: TestPattern): string {
  const rate = pattern.audioRateHz ?? 48_000;
  return `aevalsrc=exprs='0.7*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s=${rate}`;
}

/** ffmpeg's arguments (without the output address) for publishing the pattern in real time as FLV. */
export function publishArguments(pattern: TestPattern): string[] {
  const video = pattern.video !== false;
  const audio = pattern.audio !== false;
  const gop = Math.round(pattern.frameRate * (pattern.keyFrameIntervalSec ?? 1));
  const bitrate = `${pattern.videoBitrateKbps ?? 500}k`;
  return [
    ...(video ? ['-re', '-f', 'lavfi', '-i', videoSource(pattern)] : []),
    ...(audio ? ['-re', '-f', 'lavfi', '-i', audioSource(pattern)] : []),
    ...(pattern.durationSec === undefined ? [] : ['-t', String(pattern.durationSec)]),
    ...(video
      ? [
          '-c:v',
          'libx264',
          '-preset',
          'ultrafast',
          '-threads',
          '1',
          '-g',
          String(gop),
          '-keyint_min',
          String(gop),
        ]
      : []),
    ...(video
      ? ['-bf', String(pattern.bFrames ?? 0), '-b:v', bitrate, '-maxrate', bitrate, '-bufsize', bitrate]
      : []),
    ...(audio ? ['-c:a', 'aac', '-b:a', '96k', '-ac', String(pattern.audioChannels ?? 2)] : []),
    '-f',
    'flv',
  ];
}
