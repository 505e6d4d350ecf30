import { errorTable, kindOfSource, mediaSource, rtpParameters as rtpSchema } from '@maydan/contracts';
import type { MediaSource } from '@maydan/contracts';
import type { Device } from 'mediasoup-client';
import type { Producer } from 'mediasoup-client/types';
import { Poller } from '../api/poll.ts';
import { problemOf } from '../api/problem.ts';
import { planEncoding } from './encodings.ts';
import type { VideoCodec } from './encodings.ts';
import type { StageEvent } from './stageState.ts';
import { MediaTransport } from './transport.ts';
import type { Ask, TransportEvents } from './transport.ts';

/** A source that its owner wants to be sent, whatever the connection does. */
export interface WantedSource {
  readonly track: MediaStreamTrack;
  readonly muted: boolean;
}

export interface SendingDeps {
  readonly device: Device;
  readonly codec: VideoCodec;
  readonly ask: Ask;
  readonly wanted: ReadonlyMap<MediaSource, WantedSource>;
  readonly mutedByHost: (source: MediaSource) => boolean;
  readonly dispatch: (event: StageEvent) => void;
  readonly events: TransportEvents;
}

const retryMs = 1_000;
/** Of a track that doesn't tell. */
const defaultHeight = 720;

/** Makes what is sent equal to what is wanted, one change after the other, again after each failure that may pass. */
export class Sending {
  private readonly deps: SendingDeps;
  private readonly producers = new Map<MediaSource, Producer>();
  private readonly poller: Poller;
  /** Sources that the host had muted when they began. */
  private readonly mutedAtStart = new Set<MediaSource>();
  private transport: MediaTransport | null = null;
  /** Ids of transports that came to nothing, which the sfu still has. */
  private readonly givenUp = new Set<string>();
  private closed = false;
  private failed = false;
  private trouble = false;

  constructor(deps: SendingDeps) {
    this.deps = deps;
    this.poller = new Poller(
      () => this.sync(),
      () => (this.failed ? retryMs : null),
    );
  }

  /** To be called whenever something wanted has changed, or the connection has come back. */
  poke(): void {
    this.poller.poke();
  }

  async restartIce(): Promise<void> {
    await this.transport?.restartIce();
  }

  /** Producers by source, for statistics. */
  all(): ReadonlyMap<MediaSource, Producer> {
    return this.producers;
  }

  close(): void {
    this.closed = true;
    this.poller.stop();
    this.transport?.close();
    this.producers.clear();
  }

  private async sync(): Promise<void> {
    this.failed = false;
    const hadTrouble = this.trouble;
    this.trouble = false;
    for (const transportId of [...this.givenUp]) await this.attempt(() => this.removeTransport(transportId));
    for (const [source, producer] of this.producers) {
      if (!this.deps.wanted.has(source)) await this.attempt(() => this.unproduce(source, producer));
    }
    for (const [source, wanted] of this.deps.wanted) {
      await this.attempt(() => this.syncSource(source, wanted));
    }
    if (hadTrouble && !this.trouble && !this.closed) this.deps.dispatch({ type: 'problem', code: null });
  }

  private async attempt(change: () => Promise<void>): Promise<void> {
    if (this.closed) return;
    try {
      await change();
    } catch (error) {
      const { code } = problemOf(error);
      if (this.closed) return;
      this.failed ||= errorTable[code].retry;
      this.trouble = true;
      this.deps.dispatch({ type: 'problem', code });
    }
  }

  private async syncSource(source: MediaSource, wanted: WantedSource): Promise<void> {
    const present = this.producers.get(source);
    // What is off and has no device any more begins when it is switched on.
    if (!present && wanted.track.readyState === 'ended') return;
    const producer = present ?? (await this.produce(source, wanted));
    if (producer.track !== wanted.track && wanted.track.readyState === 'live') {
      await producer.replaceTrack({ track: wanted.track });
    }
    const off = wanted.muted || this.deps.mutedByHost(source);
    if (off === producer.paused) return;
    if (off) producer.pause();
    else producer.resume();
    // The host's pause holds at the sfu already, and only the host ends it.
    if (this.deps.mutedByHost(source)) return;
    await this.deps.ask(off ? 'producer.pause' : 'producer.resume', { producerId: producer.id });
  }

  private async produce(source: MediaSource, wanted: WantedSource): Promise<Producer> {
    const { device, codec, dispatch } = this.deps;
    const transport = (this.transport ??= await this.openTransport());
    const { height = defaultHeight } = wanted.track.getSettings();
    const plan = planEncoding(source, codec, device.sendRtpCapabilities.codecs ?? [], height);
    const producing = transport.transport.produce({
      track: wanted.track,
      ...(plan.codec ? { codec: plan.codec } : {}),
      ...(plan.encodings.length > 0 ? { encodings: plan.encodings } : {}),
      codecOptions: plan.codecOptions,
      // Tracks belong to the page: they outlive the connection.
      stopTracks: false,
      zeroRtpOnPause: true,
      appData: { source, paused: wanted.muted },
    });
    const producer = await producing.catch((error: unknown) => {
      if (transport.isSpoilt) this.giveUp(transport);
      throw error;
    });
    if (this.closed) {
      producer.close();
      throw new Error('closed');
    }
    this.producers.set(source, producer);
    if (wanted.muted) producer.pause();
    producer.observer.once('close', () => {
      if (this.producers.get(source) === producer) this.producers.delete(source);
    });
    const mutedByHost = this.mutedAtStart.has(source);
    dispatch({ type: 'produced', source, producerId: producer.id, mutedByHost });
    return producer;
  }

  private async openTransport(): Promise<MediaTransport> {
    const { device, ask, events } = this.deps;
    const created = await MediaTransport.create(device, 'send', ask, events);
    if (this.closed) {
      created.close();
      throw new Error('closed');
    }
    created.transport.on('produce', ({ kind, rtpParameters, appData }, done, failed) => {
      const source = mediaSource.parse(appData['source']);
      if (kindOfSource[source] !== kind) return failed(new Error(`${source} is not ${kind}`));
      const input = {
        transportId: created.transport.id,
        kind,
        source,
        rtpParameters: rtpSchema.parse(rtpParameters),
        paused: appData['paused'] === true,
      };
      ask('producer.create', input).then(({ producerId, pausedBy }) => {
        if (pausedBy === 'host') this.mutedAtStart.add(source);
        else this.mutedAtStart.delete(source);
        done({ id: producerId });
      }, failed);
    });
    return created;
  }

  /** The next attempt makes another one. */
  private giveUp(transport: MediaTransport): void {
    if (this.transport === transport) this.transport = null;
    this.givenUp.add(transport.transport.id);
    transport.close();
  }

  private async removeTransport(transportId: string): Promise<void> {
    this.givenUp.delete(transportId);
    try {
      await this.deps.ask('transport.close', { transportId });
    } catch (error) {
      // What can't be closed isn't there any more.
      if (!errorTable[problemOf(error).code].retry) return;
      this.givenUp.add(transportId);
      throw error;
    }
  }

  private async unproduce(source: MediaSource, producer: Producer): Promise<void> {
    this.producers.delete(source);
    producer.close();
    await this.deps.ask('producer.close', { producerId: producer.id });
  }
}
