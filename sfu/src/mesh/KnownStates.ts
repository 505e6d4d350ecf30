import type { LeaveReason, MeshRoomState } from '@maydan/contracts';

/** Reasons are asked for right after they were told. */
const mostReasons = 100;

/** What the other nodes told of a room last. */
export class KnownStates {
  readonly #nodeId: string;
  readonly #states = new Map<string, { state: MeshRoomState; heardAtMs: number }>();
  readonly #reasons = new Map<string, LeaveReason>();
  /** Runs of nodes that are gone, with their last revision: what they said before counts no more. */
  readonly #buried = new Map<string, number>();

  /** @param nodeId this node's, whose own words are passed over */
  constructor(nodeId: string) {
    this.#nodeId = nodeId;
  }

  get all(): MeshRoomState[] {
    return [...this.#states.values()].map(({ state }) => state);
  }

  get(nodeId: string): MeshRoomState | undefined {
    return this.#states.get(nodeId)?.state;
  }

  /** Why somebody isn't on stage of another node any more; `lost` when nobody said so, as when a node died. */
  reasonOf(peerId: string): LeaveReason {
    return this.#reasons.get(peerId) ?? 'lost';
  }

  /** False when it says nothing new. Words may come twice, and late. */
  hear(state: MeshRoomState, nowMs: number): boolean {
    const { nodeId, runId, revision } = state;
    if (nodeId === this.#nodeId || revision <= (this.#buried.get(runId) ?? -1)) return false;
    const known = this.#states.get(nodeId);
    const isSameRun = known?.state.runId === runId;
    if (isSameRun && revision <= known.state.revision) return false;
    this.#takeReasons(state);
    if (!state.closed) {
      this.#states.set(nodeId, { state, heardAtMs: nowMs });
      return true;
    }
    this.#buried.set(runId, revision);
    return isSameRun && this.#states.delete(nodeId);
  }

  /** The node's key was not there when it was looked for at `lookedAtMs`. False when that was known or is no longer so. */
  missing(nodeId: string, lookedAtMs: number): boolean {
    const known = this.#states.get(nodeId);
    return known !== undefined && known.heardAtMs < lookedAtMs && this.#states.delete(nodeId);
  }

  /** The run of the node has ended, whatever it said before. False when it wasn't known. */
  bury(nodeId: string, runId: string): boolean {
    const known = this.#states.get(nodeId)?.state;
    if (known?.runId !== runId) return false;
    this.#buried.set(runId, known.revision);
    return this.#states.delete(nodeId);
  }

  #takeReasons({ peers, left }: MeshRoomState): void {
    for (const { peerId } of peers) this.#reasons.delete(peerId);
    for (const { peerId, reason } of left) this.#reasons.set(peerId, reason);
    const tooMany = this.#reasons.size - mostReasons;
    for (const peerId of [...this.#reasons.keys()].slice(0, Math.max(0, tooMany)))
      this.#reasons.delete(peerId);
  }
}
