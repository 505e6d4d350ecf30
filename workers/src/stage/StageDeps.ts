import type { FactWriter, Redis } from '@maydan/common';
import type { Config } from '../config.ts';
import type { Admission } from '../live/Admission.ts';
import type { ControlChannel } from '../live/ControlWatcher.ts';
import type { Labels } from './compose/Labels.ts';
import type { StageRelays } from './publish/StageRelays.ts';

/** What the stages of a process share. */
export interface StageDeps {
  readonly config: Pick<
    Config,
    | 'FFMPEG_PATH'
    | 'INTERNAL_SECRET'
    | 'API_INTERNAL_URL'
    | 'STAGE_HEIGHT'
    | 'STAGE_FRAME_RATE'
    | 'STAGE_RTP_ADDRESS'
  >;
  readonly redis: Redis;
  readonly facts: FactWriter;
  readonly control: ControlChannel;
  readonly admission: Admission;
  readonly relays: StageRelays;
  readonly labels: Labels;
  /** So many times longer than usual is waited for people to come back; for tests on busy machines. */
  readonly patience?: number;
}
