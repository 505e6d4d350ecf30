import { randomBytes } from 'node:crypto';
import { answeredTransaction, bindingRequest, type IceCredentials } from '../../ice/stun.ts';
import type { LiteAddress } from '../sdp/offer.ts';

/** Between any two checks of a search (RFC 8445, section 14.2: Ta). */
const paceMs = 50;
/** From one round of a search to the next, doubled each time (RFC 8445, section 14.3: RTO). */
const roundMs = { first: 500, longest: 4_000 };
/** After that nobody is looked for any more. */
const searchMs = 30_000;
/** Consent must come again within 30 s (RFC 7675, section 5.1). */
const consentMs = 2_500;
/** Checks that may still be answered. */
const mostAwaited = 100;

export interface ChecksInit {
  /** What checks to the client are signed with. */
  readonly client: IceCredentials;
  /** Our own username fragment, as the client knows it. */
  readonly from: string;
  readonly addresses: readonly LiteAddress[];
  readonly send: (packet: Buffer, to: LiteAddress) => void;
}

/**
 * Checks of one ICE session to a client that is ICE lite: finds out which of its addresses answers, slower and slower, then asks there
 * for consent, until it is stopped. Strangers name the addresses: no more goes there than RFC 8445 allows, and nothing is thrown.
 */
export class Checks {
  readonly #init: ChecksInit;
  readonly #awaited = new Map<string, LiteAddress>();
  readonly #startedMs = performance.now();
  #selected: LiteAddress | null = null;
  #round = 0;
  #timer: NodeJS.Timeout;

  constructor(init: ChecksInit) {
    this.#init = init;
    this.#timer = setTimeout(() => this.#search(0), paceMs);
  }

  /** The address that answered. */
  get selected(): LiteAddress | null {
    return this.#selected;
  }

  /** True when the packet is the client's answer to one of these. */
  take(packet: Buffer): boolean {
    const transaction = answeredTransaction(packet, this.#init.client.password)?.toString('hex') ?? '';
    const from = this.#awaited.get(transaction);
    if (from === undefined) return false;
    this.#awaited.delete(transaction);
    if (this.#selected !== null) return true;
    this.#selected = from;
    // That it is nominated the client learns from the next one.
    this.#ask();
    return true;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #search(index: number): void {
    const { addresses } = this.#init;
    const isLast = index >= addresses.length - 1;
    const restMs = Math.min(roundMs.first * 2 ** this.#round, roundMs.longest);
    if (isLast) this.#round++;
    if (performance.now() - this.#startedMs > searchMs) return;
    this.#timer = setTimeout(() => this.#search(isLast ? 0 : index + 1), isLast ? restMs : paceMs);
    const address = addresses[index];
    if (address !== undefined) this.#check(address, false);
  }

  #ask(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), consentMs);
    if (this.#selected !== null) this.#check(this.#selected, true);
  }

  #check(address: LiteAddress, nominates: boolean): void {
    const { client, from, send } = this.#init;
    const transactionId = randomBytes(12);
    try {
      send(bindingRequest(client, { from, transactionId, nominates }), address);
    } catch {
      // In a timer it would end the node; to the client it is one of the packets that networks lose.
      return;
    }
    this.#awaited.set(transactionId.toString('hex'), address);
    for (const old of [...this.#awaited.keys()].slice(0, -mostAwaited)) this.#awaited.delete(old);
  }
}
