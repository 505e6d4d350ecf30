import { Receiving } from './Receiving.ts';
import type { ReceivingDeps } from './Receiving.ts';
import { Sending } from './Sending.ts';
import type { SendingDeps } from './Sending.ts';

/** Transports, producers and consumers of one peer; they live as long as the sfu keeps the peer. */
export class PeerMedia {
  readonly sending: Sending;
  readonly receiving: Receiving;

  constructor(deps: SendingDeps & ReceivingDeps) {
    this.sending = new Sending(deps);
    this.receiving = new Receiving(deps);
  }

  poke(): void {
    this.sending.poke();
    this.receiving.poke();
  }

  /** After the connection to the sfu came back: the network may be another one. */
  resume(): void {
    void this.sending.restartIce();
    void this.receiving.restartIce();
    this.poke();
    // What was told while there was no connection is told again.
    for (const producerId of this.receiving.all().keys()) this.receiving.attached(producerId);
  }

  close(): void {
    this.sending.close();
    this.receiving.close();
  }
}
