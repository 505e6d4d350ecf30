import type { Redis } from '@maydan/common';
import type { Config } from '../config.ts';
import type { Admission } from '../live/Admission.ts';
import type { ControlChannel } from '../live/ControlWatcher.ts';

/** What the forwards of a process share. */
export interface ForwardDeps {
  readonly config: Pick<Config, 'FFMPEG_PATH' | 'INTERNAL_SECRET'>;
  readonly redis: Redis;
  readonly control: ControlChannel;
  readonly admission: Admission;
}
