import type { StageState } from './stageState.ts';

/** Why a viewer is given the ordinary player instead of WebRTC. */
export type FallbackReason = 'unreachable' | 'empty' | 'over';

const connectMs = 8_000;
const pictureMs = 12_000;

/** Whether a viewer who asked for real time `sinceMs` ago, or last had it then, should fall back to HLS. */
export function fallbackOf(state: StageState, sinceMs: number): FallbackReason | null {
  if (state.connection === 'closed') return state.closeReason === 'sessionEnded' ? 'over' : 'unreachable';
  if (works(state)) return null;
  if (state.connection === 'connected' && state.producers.length === 0) {
    return sinceMs > pictureMs ? 'empty' : null;
  }
  return sinceMs > connectMs ? 'unreachable' : null;
}

/** Something can be seen or heard. */
export function works(state: StageState): boolean {
  return (
    state.connection === 'connected' &&
    state.ice.receive === 'connected' &&
    Object.keys(state.received).length > 0
  );
}
