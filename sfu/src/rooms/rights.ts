import { AppError } from '@maydan/common';
import { kindOfSource, onStageRoles } from '@maydan/contracts';
import type { JoinClaims, MediaKind, MediaSource, StageRole } from '@maydan/contracts';

export type SessionType = JoinClaims['sessionType'];
export type Direction = 'send' | 'receive';

export const limits = {
  /** Per peer: one to send and one to receive, and those of a page that begins again. */
  webRtcTransports: 4,
  /** Per peer of our own services, which use one for each stream. */
  plainTransports: 64,
  consumers: 128,
  /** People who may be on stage of a room, and those of them who may send video. */
  onStage: 20,
  onStageWithVideo: 8,
} as const;

/** True for people who are shown to others and for what an encoder publishes. */
export function isOnStage(role: StageRole): boolean {
  return onStageRoles.includes(role);
}

/** True for our own services, which speak plain RTP. */
export function isService(role: StageRole): boolean {
  return role === 'egress' || role === 'ingress';
}

/** @throws AppError `forbidden` when the role has no use for such a transport. */
export function checkTransport(role: StageRole, kind: 'webrtc' | 'plain', direction: Direction): void {
  if ((kind === 'plain') !== isService(role)) throw new AppError('forbidden');
  if (direction === 'send') checkSending(role);
  else checkReceiving(role);
}

/** @throws AppError `forbidden` or `validation_failed`. */
export function checkProduction(
  role: StageRole,
  sessionType: SessionType,
  { kind, source }: { kind: MediaKind; source: MediaSource },
): void {
  checkSending(role);
  if (kindOfSource[source] !== kind) {
    throw new AppError('validation_failed', `A ${source} is ${kindOfSource[source]}, not ${kind}.`);
  }
  if (kind === 'video' && sessionType === 'audio') {
    throw new AppError('forbidden', 'This is an audio session.');
  }
}

/** @throws AppError `forbidden`. */
export function checkReceiving(role: StageRole): void {
  if (role === 'ingress') throw new AppError('forbidden');
}

function checkSending(role: StageRole): void {
  if (!isOnStage(role)) throw new AppError('forbidden', 'Only people on stage send.');
}
