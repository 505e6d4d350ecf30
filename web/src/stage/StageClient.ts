import type { MediaSource, SignalingOutput } from '@maydan/contracts';
import { Device } from 'mediasoup-client';
import type { RtpCapabilities } from 'mediasoup-client/types';
import { problemOf } from '../api/problem.ts';
import { Attachment } from './Attachment.ts';
import type { VideoCodec } from './encodings.ts';
import { PeerMedia } from './PeerMedia.ts';
import { afterRoomClosed, closeReasonOf, nextAttempt, nextQuestionMs } from './reconnect.ts';
import type { WantedSource } from './Sending.ts';
import type { SignalingMessage } from './signalled.ts';
import { SignalingError, SignalingSocket } from './SignalingSocket.ts';
import { initialStage, reduceStage } from './stageState.ts';
import type { CloseReason, StageEvent, StageState } from './stageState.ts';
import { measureStage } from './stats.ts';
import type { StageStats } from './stats.ts';
import { Waker } from './Waker.ts';

/** What the api's `POST /sessions/{id}/join` answers, as far as it is needed here. */
export interface JoinGrant {
  readonly token: string;
  readonly peerId: string;
  /** Origin of the sfu node; Socket.IO's path is `/sfu`. */
  readonly signalingUrl: string;
}

export interface StageClientOptions {
  /**
   * Asks the api for a grant: at the beginning, after a room or a node was lost, and when a token has expired. What it
   * throws has a `code` of the error table; one that can't succeed later closes the client. `peerId` is that of the grant
   * before, null at first: with it the place in the room is kept.
   */
  readonly grant: (peerId: string | null) => Promise<JoinGrant>;
  /** Codec of the camera and the screen, `vp8` unless told otherwise; one the browser can't send falls back to it. */
  readonly codec?: VideoCodec;
}

/** A grant: the node of the connection is gone, and that is of another one. */
type Ending = 'lost' | 'newGrant' | JoinGrant;
/** Refusals of the sfu in a row after which the client gives up. */
const maxRefusals = 4;

/**
 * A person on a stage, or a viewer of it: joins, sends what it was given, receives what the others send, and comes back by
 * itself after any loss, until it is closed or the sfu or the api say that it is out. The page sees it through `subscribe`
 * and `snapshot`.
 */
export class StageClient {
  private readonly options: StageClientOptions;
  private readonly wanted = new Map<MediaSource, WantedSource>();
  private readonly attachments = new Map<string, Attachment>();
  private readonly subscribers = new Set<() => void>();
  private readonly waker = new Waker();
  private state: StageState = initialStage;
  private socket: SignalingSocket | null = null;
  private media: PeerMedia | null = null;
  private endConnection: ((ending: Ending) => void) | null = null;
  private opened = false;

  constructor(options: StageClientOptions) {
    this.options = options;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.subscribers.add(listener);
    return () => this.subscribers.delete(listener);
  };
  readonly snapshot = (): StageState => this.state;

  /** Begins to join, and stays joined. */
  open(): void {
    if (this.opened) return;
    this.opened = true;
    this.dispatch({ type: 'opened' });
    window.addEventListener('offline', this.onOffline);
    window.addEventListener('online', this.onOnline);
    window.addEventListener('pagehide', this.onPageHide);
    void this.run();
  }

  /** Leaves at once and for good. The tracks given to `send` go on; they are the page's. */
  close(): void {
    this.finish('left');
    this.subscribers.clear();
  }

  /** Sends a track, or the new track of a source that is sent already. */
  send(source: MediaSource, track: MediaStreamTrack, muted = false): void {
    this.wanted.set(source, { track, muted });
    track.addEventListener('ended', () => {
      // The browser's own "stop sharing", or an unplugged device.
      if (this.wanted.get(source)?.track === track) this.stopSending(source);
    });
    this.dispatch({ type: 'wanted', source, muted });
    this.media?.sending.poke();
  }

  /** Pauses or resumes a source; what the host muted stays silent until the host allows it again. */
  setMuted(source: MediaSource, muted: boolean): void {
    const wanted = this.wanted.get(source);
    if (!wanted || wanted.muted === muted) return;
    this.wanted.set(source, { ...wanted, muted });
    this.dispatch({ type: 'wanted', source, muted });
    this.media?.sending.poke();
  }

  stopSending(source: MediaSource): void {
    if (!this.wanted.delete(source)) return;
    this.dispatch({ type: 'unwanted', source });
    this.media?.sending.poke();
  }

  /** Shows or plays a producer in an element until the returned function is called; no media flows before. */
  attach(producerId: string, element: HTMLMediaElement): () => void {
    this.attachments.get(producerId)?.close();
    const attachment = new Attachment(element, () => this.media?.receiving.resized(producerId));
    this.attachments.set(producerId, attachment);
    this.media?.receiving.attached(producerId);
    return () => {
      attachment.close();
      if (this.attachments.get(producerId) !== attachment) return;
      this.attachments.delete(producerId);
      this.media?.receiving.detached(producerId);
    };
  }

  /** Within a gesture: plays what the browser held back. */
  async playSound(): Promise<void> {
    const played = await Promise.all([...this.attachments.values()].map((attachment) => attachment.resume()));
    this.dispatch({ type: 'soundBlocked', blocked: played.includes(false) });
  }

  /** Figures of WebRTC by producer, since the previous call for rates. */
  stats(): Promise<StageStats> {
    return measureStage(this.media);
  }

  /** Ends the connection to the sfu as a broken network would; for tests. */
  dropConnection(): void {
    this.socket?.close();
    this.endConnection?.('lost');
  }

  private get closed(): boolean {
    return this.state.connection === 'closed';
  }

  private async run(): Promise<void> {
    let grant: JoinGrant | null = null;
    let grantedAtMs = 0;
    let lostAtMs = performance.now();
    let failures = 0;
    let refusals = 0;
    let newGrant = true;
    while (!this.closed) {
      try {
        if (newGrant || grant === null) {
          grant = await this.askForGrant(grant?.peerId ?? null);
          grantedAtMs = performance.now();
        }
        if (this.closed) return;
        const ending = await this.stayConnected(grant, () => (failures = refusals = 0));
        lostAtMs = performance.now();
        newGrant = ending === 'newGrant';
        if (typeof ending === 'string') continue;
        grant = ending;
        grantedAtMs = lostAtMs;
      } catch (error) {
        if (this.closed) return;
        const { code, retry } = problemOf(error);
        failures += 1;
        if (!retry && ++refusals > maxRefusals) return this.finish('refused');
        const now = performance.now();
        const outage = { failures, lostForMs: now - lostAtMs, grantAgeMs: now - grantedAtMs, code };
        const next = nextAttempt(outage, Math.random());
        newGrant = next.newGrant;
        await this.waker.sleep(next.delayMs);
      }
    }
  }

  /** Closes the client when the api refuses for good. */
  private async askForGrant(peerId: string | null): Promise<JoinGrant> {
    try {
      return await this.options.grant(peerId);
    } catch (error) {
      const reason = closeReasonOf(problemOf(error).code);
      if (reason !== null) this.finish(reason);
      throw error;
    }
  }

  /** Connects and joins; resolves when the connection is lost or given up, throws when it doesn't come about. */
  private async stayConnected(grant: JoinGrant, joined: () => void): Promise<Ending> {
    const { promise: ending, resolve } = Promise.withResolvers<Ending>();
    this.endConnection = resolve;
    const socket = new SignalingSocket(grant.signalingUrl, grant.token, {
      message: (message) => this.onMessage(message),
      lost: () => resolve('lost'),
      silent: () => void this.lookElsewhere(grant, socket),
    });
    try {
      const room = await Promise.race([this.enter(socket), ending]);
      if (typeof room === 'string' || 'signalingUrl' in room) return room;
      this.dispatch({ type: 'joined', room });
      joined();
      await this.openMedia(room);
      return await ending;
    } finally {
      socket.close();
      if (this.socket === socket) this.socket = null;
      this.dispatch({ type: 'lost' });
    }
  }

  private async enter(socket: SignalingSocket): Promise<SignalingOutput<'room.join'>> {
    await socket.connected();
    this.socket = socket;
    // What the sfu may still have of a peer that has nothing of it left here, as when an answer got lost, can't be gone on with.
    return socket.request('room.join', { anew: this.media === null });
  }

  /**
   * Asks the api where to go for as long as nothing comes from the node: a machine that is gone closes no connection. While
   * the api names the same node, or can't be reached either, all stays as it is. A connection that doesn't come about ends by itself
   * soon, so that it is asked about seldom.
   */
  private async lookElsewhere({ peerId, signalingUrl }: JoinGrant, socket: SignalingSocket): Promise<void> {
    for (let asked = 1; socket.isSilent; asked += 1) {
      const other = await this.askForGrant(peerId).catch(() => null);
      if (!socket.isSilent) return;
      if (other !== null && other.signalingUrl !== signalingUrl) return this.endConnection?.(other);
      await new Promise((resolve) =>
        setTimeout(resolve, nextQuestionMs(this.socket === socket ? asked : Infinity)),
      );
    }
  }

  private async openMedia(room: SignalingOutput<'room.join'>): Promise<void> {
    if (room.resumed && this.media) return this.media.resume();
    this.media?.close();
    this.media = null;
    const device = await this.loadDevice(room.rtpCapabilities as RtpCapabilities);
    if (this.closed || !device) return;
    const media = new PeerMedia({
      device,
      codec: this.options.codec ?? 'vp8',
      // Without a connection it rejects as with one that is lost; it never throws.
      ask: async (name, input) => this.connection().request(name, input),
      wanted: room.role === 'host' || room.role === 'cohost' ? this.wanted : new Map(),
      mutedByHost: (source) => this.state.own[source]?.mutedByHost ?? false,
      producers: () => this.state.producers,
      attachments: this.attachments,
      dispatch: (event) => this.dispatch(event),
      events: {
        iceChanged: (direction, state) => this.dispatch({ type: 'iceChanged', direction, state }),
        broken: () => {
          if (this.media === media) this.startAnew();
        },
      },
    });
    this.media = media;
    media.poke();
  }

  private async loadDevice(routerRtpCapabilities: RtpCapabilities): Promise<Device | null> {
    try {
      const device = await Device.factory();
      await device.load({ routerRtpCapabilities });
      return device;
    } catch (error) {
      // Neither a retry nor another node helps a browser without WebRTC.
      console.warn('WebRTC is not available', error);
      this.finish('unsupported');
      return null;
    }
  }

  private connection(): SignalingSocket {
    if (!this.socket) throw new SignalingError('unavailable');
    return this.socket;
  }

  private onMessage(message: SignalingMessage): void {
    if (message.event === 'room.closed') return this.onRoomClosed(message.payload.reason);
    this.dispatch({ type: 'signalled', message });
    if (message.event === 'consumer.closed') this.media?.receiving.consumerClosed(message.payload.consumerId);
    if (message.event === 'producer.changed') this.media?.sending.poke();
    if (/^(producer\.(added|removed)|peer\.left)$/.test(message.event)) this.media?.receiving.poke();
  }

  private onRoomClosed(reason: Parameters<typeof afterRoomClosed>[0]): void {
    if (afterRoomClosed(reason) === null) return this.finish(reason);
    this.media?.close();
    this.media = null;
    this.endConnection?.('newGrant');
  }

  /** Gives up all that goes over its transports, and joins anew, in the place that it has. */
  private startAnew(): void {
    this.media?.close();
    this.media = null;
    this.endConnection?.('newGrant');
  }

  private finish(reason: CloseReason): void {
    if (this.closed) return;
    if (reason === 'left') this.socket?.request('room.leave', {}).catch(() => undefined);
    this.media?.close();
    this.media = null;
    this.dispatch({ type: 'closed', reason });
    window.removeEventListener('offline', this.onOffline);
    window.removeEventListener('online', this.onOnline);
    window.removeEventListener('pagehide', this.onPageHide);
    this.endConnection?.('lost');
    this.waker.wake();
  }

  private readonly onOffline = (): void => this.dropConnection();
  private readonly onOnline = (): void => this.waker.wake();
  /** Who closes the tab is gone at once; without this the others would see a frozen picture for a while. */
  private readonly onPageHide = (event: PageTransitionEvent): void => {
    if (!event.persisted) this.finish('left');
  };

  private dispatch(event: StageEvent): void {
    const next = reduceStage(this.state, event);
    if (next === this.state) return;
    this.state = next;
    for (const listener of this.subscribers) listener();
  }
}
