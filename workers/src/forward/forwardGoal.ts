import type { ControlDocument } from '@maydan/contracts';

/** What a forward has to do next. */
export type ForwardGoal =
  | { readonly type: 'forward'; readonly relayUrl: string; readonly epoch: number }
  /** No publisher at present; the peer stays in the room, so that viewers keep their player. */
  | { readonly type: 'hold' }
  /** No publisher; out of the room. */
  | { readonly type: 'rest' }
  | { readonly type: 'end' };

/** The api writes the document before the job; one that stays away was lost with its session. */
const controlPatienceMs = 30_000;

/** `uncontrolledMs`: how long the run has been going on; counts while there is no document. */
export function forwardGoal(
  control: ControlDocument | null,
  nowMs: number,
  uncontrolledMs: number,
): ForwardGoal {
  if (control === null) return { type: uncontrolledMs > controlPatienceMs ? 'end' : 'rest' };
  if (control.desired === 'stop') return { type: 'end' };
  if (control.rtmp !== null) return { type: 'forward', ...control.rtmp };
  const graceMs = control.graceDeadlineAt === null ? 0 : Date.parse(control.graceDeadlineAt) - nowMs;
  return { type: graceMs > 0 ? 'hold' : 'rest' };
}
