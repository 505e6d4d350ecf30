import type { StageComposition, StagePeerHealth, StageWarning } from '@maydan/contracts';

type Composed = StageComposition['people'][number];

/** From here on people notice. */
const limits = {
  packetLoss: 0.05,
  roundTripTimeMs: 300,
  jitterMs: 60,
  /** Of the pictures. */
  lostFrames: 0.02,
  lateFrames: 0.05,
  cameraFrameRate: 12,
  cameraBitrateBps: 100_000,
};
/** Of fewer pictures nothing is said. */
const fewestFrames = 20;

/** What somebody on stage should know, worst first in each device. */
export function stageWarnings(
  peers: readonly StagePeerHealth[],
  composition: StageComposition | null = null,
): StageWarning[] {
  return [
    ...peers.flatMap((peer) => [...ofNetwork(peer), ...ofFrames(peer), ...ofPicture(peer)]),
    ...(composition?.people ?? []).flatMap(ofBroadcast),
  ];
}

function ofNetwork(peer: StagePeerHealth): StageWarning[] {
  const { peerId, source, packetLoss, roundTripTimeMs, jitterMs } = peer;
  const warnings: StageWarning[] = [];
  if (packetLoss !== null && packetLoss > limits.packetLoss) {
    const percent = Math.round(packetLoss * 100);
    const message = `${percent} % of the ${source}'s packets are lost; a cable or another network helps.`;
    warnings.push({ code: 'packetLoss', peerId, message });
  }
  if (roundTripTimeMs !== null && roundTripTimeMs > limits.roundTripTimeMs) {
    const message = `The ${source} needs ${Math.round(roundTripTimeMs)} ms to us and back; a nearer or less busy network helps.`;
    warnings.push({ code: 'longRoundTrip', peerId, message });
  }
  if (jitterMs !== null && jitterMs > limits.jitterMs) {
    const message = `The ${source}'s packets come up to ${Math.round(jitterMs)} ms apart from when they should; a cable or a less busy network helps.`;
    warnings.push({ code: 'jitter', peerId, message });
  }
  return warnings;
}

function ofFrames({ peerId, source, frames }: StagePeerHealth): StageWarning[] {
  if (frames === null || frames.received + frames.lost < fewestFrames) return [];
  const { received, lost, late } = frames;
  const warnings: StageWarning[] = [];
  if (lost > limits.lostFrames * (received + lost)) {
    const message = `${lost} of ${received + lost} frames of the ${source} are torn or lost on the way; a lower bitrate, a cable or another network helps.`;
    warnings.push({ code: 'lostFrames', peerId, message });
  }
  if (late > limits.lateFrames * received) {
    const message = `${late} of ${received} frames of the ${source} come late: the network stalls, or the computer is busy; fewer uploads and programs help.`;
    warnings.push({ code: 'lateFrames', peerId, message });
  }
  return warnings;
}

/** Viewers of the broadcast see somebody's picture stand still. */
function ofBroadcast({ peerId, source, received, late, dropped }: Composed): StageWarning[] {
  const missed = late + dropped;
  if (received < fewestFrames || missed <= limits.lateFrames * received) return [];
  const message = `${late} of ${received} frames of the ${source} come too late for the broadcast, and ${dropped} can't be used: viewers see them stutter; a cable or a lower bitrate helps.`;
  return [{ code: 'broadcastStutters', peerId, message }];
}

/** A screen that stands still sends little, and that is fine; so does a paused producer. */
function ofPicture({ peerId, source, frameRate, bitrateBps }: StagePeerHealth): StageWarning[] {
  if (source !== 'camera' || bitrateBps === 0) return [];
  if (frameRate !== null && frameRate > 0 && frameRate < limits.cameraFrameRate) {
    const message = `The camera sends ${Math.round(frameRate)} frames a second; more light or fewer programs help.`;
    return [{ code: 'lowFrameRate', peerId, message }];
  }
  if (bitrateBps < limits.cameraBitrateBps) {
    const message = `The camera arrives with ${Math.round(bitrateBps / 1_000)} kbit/s; a faster uplink helps.`;
    return [{ code: 'lowBitrate', peerId, message }];
  }
  return [];
}
