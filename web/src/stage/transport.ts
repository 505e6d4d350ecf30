import { dtlsParameters as dtlsSchema, errorTable } from '@maydan/contracts';
import type { SignalingInput, SignalingOutput, SignalingRequest } from '@maydan/contracts';
import type { Device } from 'mediasoup-client';
import type { Transport, TransportOptions } from 'mediasoup-client/types';
import { problemOf } from '../api/problem.ts';
import type { Direction, IceState } from './stageState.ts';

/** Asks the sfu over the connection that there is at the moment. */
export type Ask = <R extends SignalingRequest>(
  name: R,
  input: SignalingInput<R>,
) => Promise<SignalingOutput<R>>;

export interface TransportEvents {
  iceChanged(direction: Direction, state: IceState | null): void;
  /** It can't be repaired: the client has to join anew. */
  broken(): void;
}

/** After a short loss ICE often recovers by itself. */
const disconnectedMs = 1_500;
const betweenRestartsMs = 4_000;
const maxRestarts = 3;

/** A transport of mediasoup-client that restarts ICE by itself whenever its connection is lost. */
export class MediaTransport {
  readonly transport: Transport;
  private readonly direction: Direction;
  private readonly ask: Ask;
  private readonly events: TransportEvents;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private restarts = 0;
  private connectFailed = false;

  static async create(
    device: Device,
    direction: Direction,
    ask: Ask,
    events: TransportEvents,
  ): Promise<MediaTransport> {
    const answer = await ask('transport.create', { direction });
    const options: TransportOptions = {
      id: answer.transportId,
      iceParameters: answer.iceParameters,
      iceCandidates: answer.iceCandidates as TransportOptions['iceCandidates'],
      dtlsParameters: answer.dtlsParameters,
      iceServers: answer.iceServers,
    };
    const transport =
      direction === 'send' ? device.createSendTransport(options) : device.createRecvTransport(options);
    return new MediaTransport(transport, direction, ask, events);
  }

  private constructor(transport: Transport, direction: Direction, ask: Ask, events: TransportEvents) {
    this.transport = transport;
    this.direction = direction;
    this.ask = ask;
    this.events = events;
    transport.on('connect', ({ dtlsParameters }, done, failed) => {
      const input = { transportId: transport.id, dtlsParameters: dtlsSchema.parse(dtlsParameters) };
      ask('transport.connect', input).then(done, (error: unknown) => {
        this.connectFailed = true;
        failed(asError(error));
        // An answer that got lost leaves it connected there and not here.
        if (!errorTable[problemOf(error).code].retry) events.broken();
      });
    });
    transport.on('connectionstatechange', (state) => this.onState(state));
  }

  /**
   * mediasoup-client leaves in its offers what it was about to send when it could not connect, which no answer fits: nothing can be sent
   * over this transport any more.
   */
  get isSpoilt(): boolean {
    return this.connectFailed;
  }

  /** Asks for new ICE parameters and begins again with them; what plays goes on playing meanwhile. */
  async restartIce(): Promise<void> {
    const { transport } = this;
    if (transport.closed) return;
    try {
      const { iceParameters } = await this.ask('transport.restartIce', { transportId: transport.id });
      if (!transport.closed) await transport.restartIce({ iceParameters });
    } catch (error) {
      if (!transport.closed && !errorTable[problemOf(error).code].retry) this.events.broken();
    }
  }

  close(): void {
    clearTimeout(this.timer);
    this.transport.removeAllListeners('connectionstatechange');
    this.transport.close();
    this.events.iceChanged(this.direction, null);
  }

  private onState(state: IceState): void {
    this.events.iceChanged(this.direction, state);
    clearTimeout(this.timer);
    if (state === 'connected') this.restarts = 0;
    if (state === 'disconnected') this.restartAfter(disconnectedMs);
    if (state === 'failed') this.restartAfter(0);
  }

  private restartAfter(delayMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.restarts += 1;
      if (this.restarts > maxRestarts) return this.events.broken();
      void this.restartIce();
      this.restartAfter(betweenRestartsMs);
    }, delayMs);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
