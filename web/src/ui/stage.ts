import type { Session } from '@maydan/contracts';

/** What stands in the middle of the watch page. */
export type Stage =
  | {
      readonly kind: 'message';
      readonly message:
        'idle' | 'starting' | 'noRecording' | 'recordingHidden' | 'recordingDeleted' | 'failed';
    }
  | {
      readonly kind: 'player';
      /** The broadcast is over: what plays is, or becomes, the recording. */
      readonly ended: boolean;
      /** The publisher is away; what was loaded plays out and the player stays. */
      readonly interrupted: boolean;
    };

/** The stage of a session. Whatever can be played is played, also after a failure. */
export function stageOf({
  state,
  playback,
  recording,
}: Pick<Session, 'state' | 'playback' | 'recording'>): Stage {
  const ended = state === 'ended' || state === 'failed';
  if (playback.playable && state !== 'idle') {
    // A publisher who came back passes through `starting` again.
    return { kind: 'player', ended, interrupted: state === 'interrupted' || state === 'starting' };
  }
  if (recording === 'hidden') return { kind: 'message', message: 'recordingHidden' };
  if (recording === 'deleted') return { kind: 'message', message: 'recordingDeleted' };
  if (state === 'failed') return { kind: 'message', message: 'failed' };
  if (state === 'ended') return { kind: 'message', message: 'noRecording' };
  return { kind: 'message', message: state === 'idle' ? 'idle' : 'starting' };
}
