import type { NetworkScore } from '../rooms/networkScore.ts';
import type { Peer } from '../rooms/Peer.ts';

const intervalMs = 1_000;

/** Tells when the network score of a peer changed, each at most once a second. */
export class NetworkWatch {
  readonly #tell: (peer: Peer) => void;
  readonly #known = new Map<Peer, NetworkScore>();
  readonly #toCheck = new Set<Peer>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (peer: Peer) => void) {
    this.#tell = tell;
  }

  /** The score may have changed. */
  check(peer: Peer): void {
    if (peer.closed) return;
    this.#toCheck.add(peer);
    this.#timer ??= setTimeout(() => this.#checkAll(), intervalMs);
  }

  forget(peer: Peer): void {
    this.#known.delete(peer);
    this.#toCheck.delete(peer);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#toCheck.clear();
    this.#known.clear();
  }

  #checkAll(): void {
    this.#timer = undefined;
    for (const peer of this.#toCheck) {
      const now = peer.network;
      const before = this.#known.get(peer);
      if (before?.sending === now.sending && before.receiving === now.receiving) continue;
      this.#known.set(peer, now);
      this.#tell(peer);
    }
    this.#toCheck.clear();
  }
}
