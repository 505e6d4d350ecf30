import { endReason, type ControlDocument, type EndReason, type SessionState } from '@maydan/contracts';
import type { Session } from '@maydan/prisma';

/** States in which a publisher is on the line or may come back. */
export const onAirStates: readonly SessionState[] = ['starting', 'live', 'interrupted'];
/** States in which the session's job has something to do. */
export const jobStates: readonly SessionState[] = [...onAirStates, 'ending'];

/** Whether a session takes no publisher any more, and nobody into its room. */
export function isOver(state: SessionState): boolean {
  return state !== 'idle' && !onAirStates.includes(state);
}

/** A stored reason; one that this version doesn't know is nobody's fault but ours. */
export function storedEndReason(text: string | null): EndReason | null {
  return text === null ? null : endReason.catch('workerLost').parse(text);
}

/** The control document follows from the session's row alone, so it can be written again at any time. */
export function controlDocumentOf(session: Session): ControlDocument {
  const running = !isOver(session.state);
  const connected = session.state === 'starting' || session.state === 'live';
  const { relayUrl, sourceEpoch, rtmpRelayUrl, rtmpEpoch } = session;
  return {
    sessionId: session.id,
    playbackId: session.playbackId,
    desired: running ? 'run' : 'stop',
    stopReason: running ? null : (storedEndReason(session.endReason) ?? 'sourceGone'),
    epoch: session.epoch,
    source: connected && relayUrl !== null ? { relayUrl, epoch: sourceEpoch } : null,
    rtmp: connected && rtmpRelayUrl !== null ? { relayUrl: rtmpRelayUrl, epoch: rtmpEpoch } : null,
    stageLayout: session.stageLayout,
    dropRtmpBelow: session.dropRtmpBelow,
    graceDeadlineAt:
      session.state === 'interrupted' ? (session.graceDeadlineAt?.toISOString() ?? null) : null,
    revision: session.revision,
    updatedAt: session.updatedAt.toISOString(),
  };
}
