import type { ControlDocument } from '@maydan/contracts';

/** What the run of a composite has to do next. */
export type CompositeGoal =
  | { readonly type: 'end' }
  /** Nothing to show: any publish ends. */
  | { readonly type: 'rest' }
  | { readonly type: 'publish' };

export interface CompositeSituation {
  /** The newest control document; null until there is one. */
  readonly control: ControlDocument | null;
  /** How long the run has been without any control document. */
  readonly uncontrolledMs: number;
  readonly isPublishing: boolean;
  /** How long the api has shown something else than what is published. */
  readonly unshownMs: number;
  /** Somebody on stage sends something. */
  readonly hasMedia: boolean;
  /** How long that has not been so. */
  readonly emptyMs: number;
  /** The room was lost with its sfu, and isn't found again yet. */
  readonly roomLost: boolean;
  /** So many times longer than usual is waited for people. */
  readonly patience?: number;
}

/** The api writes the document before the job; one that stays away was lost with its session. */
const controlPatienceMs = 30_000;
/** Whoever switches from one device to another, or reloads the page, is back within this. */
const emptyPatienceMs = 2_000;
/** People come back by themselves within 5 s when an sfu dies; until then their places are kept. */
const lostPatienceMs = 8_000;

/** The api gives an epoch up when its worker lost the source; a publish that is not taken by then begins anew. */
const unshownPatienceMs = 8_000;

export function compositeGoal(situation: CompositeSituation): CompositeGoal {
  const { control, uncontrolledMs, isPublishing, unshownMs, hasMedia, emptyMs, roomLost } = situation;
  const { patience = 1 } = situation;
  if (control === null) return { type: uncontrolledMs > controlPatienceMs ? 'end' : 'rest' };
  if (control.desired === 'stop') return { type: 'end' };
  if (isPublishing && unshownMs > unshownPatienceMs) return { type: 'rest' };
  if (hasMedia) return { type: 'publish' };
  const patienceMs = patience * (roomLost ? lostPatienceMs : emptyPatienceMs);
  return { type: isPublishing && emptyMs < patienceMs ? 'publish' : 'rest' };
}
