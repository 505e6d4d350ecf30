import type { StagePeerHealth, StageWarning } from '@maydan/contracts';

/** From here on people notice. */
const limits = { packetLoss: 0.05, roundTripTimeMs: 300, cameraFrameRate: 12, cameraBitrateBps: 100_000 };

/** What somebody on stage should know, worst first in each device. */
export function stageWarnings(peers: readonly StagePeerHealth[]): StageWarning[] {
  return peers.flatMap((peer) => [...ofNetwork(peer), ...ofPicture(peer)]);
}

function ofNetwork({ peerId, source, packetLoss, roundTripTimeMs }: StagePeerHealth): StageWarning[] {
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
  return warnings;
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
