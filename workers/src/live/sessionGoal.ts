import type { ControlDocument, EndReason } from '@maydan/contracts';

/** What a session's run has to do next. */
export type Goal =
  | { readonly type: 'wait' }
  | { readonly type: 'play'; readonly relayUrl: string; readonly epoch: number }
  /** `failure`: null when the session ends because it was told to. */
  | { readonly type: 'end'; readonly failure: EndReason | null };

export interface SessionSituation {
  /** The newest control document; null until there is one. */
  readonly control: ControlDocument | null;
  /** How long the run has been without any control document. */
  readonly uncontrolledMs: number;
  /** Why the session can't go on. */
  readonly failure: EndReason | null;
  /** An earlier run packaged the end already. */
  readonly wasEnded: boolean;
  /** A source that can't be played, whatever is tried; 0 when there is none. */
  readonly unplayableEpoch: number;
}

/** The api writes the document before the job; one that stays away was lost with its session. */
const controlPatienceMs = 30_000;

export function goalOf(situation: SessionSituation): Goal {
  const { control, failure, wasEnded, uncontrolledMs, unplayableEpoch } = situation;
  if (failure !== null) return { type: 'end', failure };
  if (wasEnded || control?.desired === 'stop') return { type: 'end', failure: null };
  if (control === null) {
    return uncontrolledMs > controlPatienceMs ? { type: 'end', failure: 'neverStarted' } : { type: 'wait' };
  }
  const { source } = control;
  if (source === null || source.epoch <= unplayableEpoch) return { type: 'wait' };
  return { type: 'play', relayUrl: source.relayUrl, epoch: source.epoch };
}
