import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { AppError } from '@maydan/common';
import type { LeaveReason } from '@maydan/contracts';
import type { types } from 'mediasoup';
import type { Peer } from '../rooms/Peer.ts';
import { Credential } from './Credential.ts';
import type { IceFragment } from './sdp/iceFragment.ts';
import { writeIceFragment } from './sdp/iceFragment.ts';
import type { LiteBridge } from './ice/LiteBridge.ts';
import type { Offer } from './sdp/offer.ts';
import { decidePatch } from './http/precondition.ts';

export interface ResourceInit {
  /** The bearer token it was made with; its hash is kept. */
  readonly credential: string;
  readonly peer: Peer;
  readonly transport: types.WebRtcTransport;
  readonly bridge: LiteBridge | null;
  readonly offer: Offer;
  /** How long it stays when the client's connection is lost. */
  readonly graceMs: number;
}

export type PatchAnswer =
  | { readonly type: 'taken' }
  /** `fragment` has our new ICE parameters. */
  | { readonly type: 'restarted'; readonly fragment: string };

interface ResourceEvents {
  /** Once, when the client's media and transport are closed. */
  closed: [reason: LeaveReason];
}

/** For a client that has its answer to do ICE and DTLS in. */
const connectTimeoutMs = 30_000;
/** Each restart of a client that is ICE lite has packets sent where it says; networks change less often than that. */
const restarts = { most: 10, inMs: 60_000 };

/**
 * What the URL in `Location` stands for (RFC 9725 calls it the WHIP session): one client's peer and transport. It ends
 * with DELETE, with the DTLS session, with its peer, or a grace period after the client's consent to receive was lost
 * (RFC 7675; mediasoup waits 30 s for it).
 */
export class Resource extends EventEmitter<ResourceEvents> {
  /** The part of its URL that nobody can guess. */
  readonly secret = randomBytes(24).toString('base64url');
  readonly peer: Peer;
  /** The bearer token it was made with. */
  readonly credential: Credential;
  readonly #transport: types.WebRtcTransport;
  readonly #bridge: LiteBridge | null;
  readonly #mids: readonly { readonly mid: string; readonly kind: types.MediaKind }[];
  readonly #graceMs: number;
  /** When the last ones were, in ms; oldest first. */
  #restartedMs: number[] = [];
  /** Our end of the last one. */
  #restarted: types.IceParameters | null = null;
  #remoteUsernameFragment: string;
  #etag = newEtag();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ credential, peer, transport, bridge, offer, graceMs }: ResourceInit) {
    super();
    this.peer = peer;
    this.credential = new Credential(credential);
    this.#transport = transport;
    this.#bridge = bridge;
    this.#mids = offer.media.map(({ mid, kind }) => ({ mid, kind }));
    this.#graceMs = graceMs;
    this.#remoteUsernameFragment = offer.ice.usernameFragment;
    this.#awaitConnection();
    transport.on('icestatechange', (state) => this.#onIceState(state));
    peer.transports.on('dtlsClosed', (id) => {
      if (id === transport.id) this.end('left');
    });
    peer.once('closed', (reason) => this.#close(reason));
    // It may have happened while the answer was being made.
    if (peer.closed || transport.closed) this.end('left');
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Names the ICE session; a new one with each restart (RFC 9725, section 4.3.1). */
  get etag(): string {
    return this.#etag;
  }

  /**
   * Throws what `decidePatch` does, `rate_limited` after many restarts, and `bad_request` or `not_found` when ICE can't be restarted;
   * the ICE session at hand goes on then.
   */
  async patch(ifMatch: string | undefined, fragment: IceFragment): Promise<PatchAnswer> {
    const current = { etag: this.#etag, remoteUsernameFragment: this.#remoteUsernameFragment };
    const patch = decidePatch(ifMatch, current, fragment);
    if (patch.type === 'trickle') return { type: 'taken' };
    this.#countRestart();
    const iceParameters = await this.#restartIce();
    this.#awaitConnection();
    const { usernameFragment, password } = patch;
    this.#remoteUsernameFragment = usernameFragment;
    this.#etag = newEtag();
    this.#bridge?.restart({ usernameFragment, password }, iceParameters);
    const own = this.#bridge ?? { iceParameters, iceCandidates: this.#transport.iceCandidates };
    return {
      type: 'restarted',
      fragment: writeIceFragment(this.#mids, own.iceParameters, own.iceCandidates),
    };
  }

  /** Ends the client's media at once. Idempotent. */
  end(reason: LeaveReason): void {
    this.peer.close(reason);
    this.#close(reason);
  }

  /**
   * mediasoup takes the credentials from before until those of a restart are used, and forgets them with a second restart: while the
   * client has done nothing about the last one, it is told the same again.
   */
  async #restartIce(): Promise<types.IceParameters> {
    if (this.#restarted !== null) {
      // A Worker that has just died says so below.
      const dump = await this.peer.place.worker.webRtcServer.dump().catch(() => null);
      const { id } = this.#transport;
      const own = dump?.localIceUsernameFragments.filter((each) => each.webRtcTransportId === id) ?? [];
      if (own.length > 1) return this.#restarted;
    }
    this.#restarted = await this.peer.transports.restartIce(this.#transport.id);
    return this.#restarted;
  }

  #countRestart(): void {
    const nowMs = performance.now();
    this.#restartedMs = this.#restartedMs.filter((atMs) => nowMs - atMs < restarts.inMs);
    const [oldest = nowMs] = this.#restartedMs;
    if (this.#restartedMs.length >= restarts.most) {
      const retryAfterSec = Math.ceil((oldest + restarts.inMs - nowMs) / 1_000);
      throw new AppError('rate_limited', undefined, { retryAfterSec });
    }
    this.#restartedMs.push(nowMs);
  }

  #onIceState(state: types.IceState): void {
    clearTimeout(this.#timer);
    if (state === 'disconnected') this.#endIn(this.#graceMs);
  }

  /** Who has just been answered isn't ended while it does what the answer says, be it the first or a restart in its last moment. */
  #awaitConnection(): void {
    const { iceState } = this.#transport;
    if (iceState === 'new' || iceState === 'disconnected')
      this.#endIn(Math.max(connectTimeoutMs, this.#graceMs));
  }

  #endIn(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.end('lost'), delayMs);
  }

  #close(reason: LeaveReason): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.emit('closed', reason);
  }
}

function newEtag(): string {
  return `"${randomBytes(12).toString('base64url')}"`;
}
