import { nothing, route } from './route.ts';
import { reactionInput, viewingInput, viewingStarted, viewingStartInput } from './viewing.ts';

const tag = 'Viewing';

/** Routes of players of every kind: somebody watches a session. */
export const viewingContract = {
  start: route(
    'POST',
    '/sessions/{id}/viewing',
    tag,
    'Begin to watch; the answer has the token of the heartbeats',
  )
    .input(viewingStartInput)
    .output(viewingStarted),
  heartbeat: route(
    'POST',
    '/viewing/heartbeat',
    tag,
    'Still watching; every 15 seconds while the player plays',
  )
    .input(viewingInput)
    .output(nothing),
  end: route('POST', '/viewing/end', tag, 'Watching no more').input(viewingInput).output(nothing),
  react: route(
    'POST',
    '/sessions/{id}/reactions',
    tag,
    'React to a session that is prepared or on air; its chat is told, several taps together',
  )
    .input(reactionInput)
    .output(nothing),
};
