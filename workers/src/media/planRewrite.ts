import type { FileProbe } from '../ffmpeg/uploads.ts';

/** How a video or sound is written anew. */
export interface Rewrite {
  readonly type: string;
  readonly extension: string;
  readonly demuxer: string;
  readonly options: readonly string[];
}

const maxSide = 1_280;
/** What browsers play, by container. */
const mp4Sounds = ['aac', 'mp3'];
const webmPictures = ['vp8', 'vp9', 'av1'];
const webmSounds = ['opus', 'vorbis'];

const mp4 = { type: 'video/mp4', extension: 'mp4', demuxer: 'mov' };
const mp4Options = ['-movflags', '+faststart', '-f', 'mp4'];
const h264 = [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '25', '-pix_fmt', 'yuv420p'],
  '-vf',
  `scale='min(${maxSide},iw)':'min(${maxSide},ih)':force_original_aspect_ratio=decrease:force_divisible_by=2`,
];
const aac = ['-c:a', 'aac', '-b:a', '128k', '-ac', '2'];

/** Media that browsers play is copied, only its container is new; all else becomes H.264 and AAC, 1280 pixels at most. */
export function planVideo({ video, audioCodec }: FileProbe): Rewrite {
  const { codec = '', pixelFormat = '' } = video ?? {};
  const tracks = ['-map', '0:V:0', '-map', '0:a:0?'];
  const isPlain = ['yuv420p', 'yuvj420p'].includes(pixelFormat);
  if (codec === 'h264' && isPlain) {
    const sound = audioCodec === null || mp4Sounds.includes(audioCodec) ? ['-c:a', 'copy'] : aac;
    return { ...mp4, options: [...tracks, '-c:v', 'copy', ...sound, ...mp4Options] };
  }
  if (webmPictures.includes(codec) && (audioCodec === null || webmSounds.includes(audioCodec))) {
    const options = [...tracks, '-c', 'copy', '-f', 'webm'];
    return { type: 'video/webm', extension: 'webm', demuxer: 'matroska', options };
  }
  return { ...mp4, options: [...tracks, ...h264, ...aac, ...mp4Options] };
}

/** As `planVideo`, for the first sound track. */
export function planAudio({ audioCodec }: FileProbe): Rewrite {
  const copy = ['-map', '0:a:0', '-vn', '-c:a', 'copy'];
  if (audioCodec === 'mp3') {
    const options = [...copy, '-id3v2_version', '0', '-f', 'mp3'];
    return { type: 'audio/mpeg', extension: 'mp3', demuxer: 'mp3', options };
  }
  if (audioCodec === 'opus' || audioCodec === 'vorbis') {
    return { type: 'audio/ogg', extension: 'ogg', demuxer: 'ogg', options: [...copy, '-f', 'ogg'] };
  }
  if (audioCodec === 'flac') {
    return { type: 'audio/flac', extension: 'flac', demuxer: 'flac', options: [...copy, '-f', 'flac'] };
  }
  const sound = audioCodec === 'aac' ? copy : ['-map', '0:a:0', '-vn', ...aac];
  return { type: 'audio/mp4', extension: 'm4a', demuxer: 'mov', options: [...sound, ...mp4Options] };
}
