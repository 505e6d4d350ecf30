import type { FactWriter, Redis } from '@maydan/common';
import type { SessionType } from '@maydan/contracts';
import type { Config } from '../config.ts';
import type { Spool } from '../recording/Spool.ts';
import type { ObjectStore } from '../storage/ObjectStore.ts';
import type { Admission } from './Admission.ts';
import type { ControlChannel } from './ControlWatcher.ts';
import type { Playbacks } from './Playbacks.ts';

/** What the live sessions of a process share. */
export interface LiveDeps {
  readonly config: Config;
  readonly redis: Redis;
  readonly store: ObjectStore;
  readonly spool: Spool;
  readonly facts: FactWriter;
  readonly playbacks: Playbacks;
  readonly control: ControlChannel;
  readonly admission: Admission;
  /** Address under which other origins reach ours. */
  readonly originUrl: () => string;
  readonly workerId: string;
}

export interface LiveIds {
  readonly sessionId: string;
  readonly playbackId: string;
  /** Unset: video. */
  readonly sessionType?: SessionType | undefined;
}
