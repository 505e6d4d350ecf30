import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';

/** How many consumers each producer has on a Router, whoever made them: of peers, of pipes to other Workers, of caches. */
export class ConsumerCounts extends EventEmitter<{ unused: [producerId: string] }> {
  readonly #counts = new Map<string, number>();

  /** To be made before the Router's first transport. */
  constructor(router: types.Router) {
    super();
    this.setMaxListeners(0);
    router.observer.on('newtransport', (transport) => {
      transport.observer.on('newconsumer', ({ producerId, observer }) => {
        this.#counts.set(producerId, this.of(producerId) + 1);
        observer.once('close', () => this.#less(producerId));
      });
    });
  }

  of(producerId: string): number {
    return this.#counts.get(producerId) ?? 0;
  }

  #less(producerId: string): void {
    const left = this.of(producerId) - 1;
    if (left > 0) return void this.#counts.set(producerId, left);
    this.#counts.delete(producerId);
    this.emit('unused', producerId);
  }
}
