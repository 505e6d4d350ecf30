import { PipedProcess } from './PipedProcess.ts';

/** One ffmpeg with a single input and output, both ours. Who creates it ends or kills it. */
export class FfmpegProcess extends PipedProcess {
  constructor(ffmpegPath: string, args: readonly string[]) {
    super(ffmpegPath, ['-hide_banner', '-nostdin', '-loglevel', 'error', ...args]);
  }
}
