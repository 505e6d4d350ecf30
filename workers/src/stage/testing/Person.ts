import { createSocket, type Socket } from 'node:dgram';
import { readNacks } from '../../forward/rtp/rtcp.ts';
import { RtpStream } from '../../forward/rtp/RtpStream.ts';
import { isRtcp } from '../rtp/rtpPacket.ts';
import type { Clip, ClipFrame } from './clip.ts';
import { payloadsOf } from './packetize.ts';

export const payloadTypes = { video: 101, audio: 100 } as const;

export interface PersonOptions {
  readonly clip: Clip;
  /** Local port of the receiver of both tracks, or of each. */
  readonly video: number | null;
  readonly audio: number | null;
  /** Share of packets that get lost on the way, also of those sent again. */
  readonly loss?: number;
  /** All is sent from it, and it stays open; else from sockets of its own. */
  readonly socket?: Socket;
  /** Lost pictures are sent again when the receiver asks for it. Default true. */
  readonly answersNacks?: boolean;
}

const tickMs = 5;
const reportMs = 500;
const cname = 'person';
const history = 512;

/** For tests: sends a clip again and again as RTP in real time, with sender reports, as somebody on stage would. */
export class Person {
  readonly ssrc: { readonly video: number; readonly audio: number };
  readonly #options: PersonOptions;
  readonly #sockets: Socket[] = [];
  readonly #video: RtpStream;
  readonly #audio: RtpStream;
  readonly #timers: NodeJS.Timeout[];
  readonly #startMs = performance.now();
  #unlisten: () => void = () => undefined;
  #clip: Clip;
  #next: Clip | null = null;
  #untilMs = 0;
  #seed = 1;
  isVideoOn = true;
  isAudioOn = true;
  /** Packets lost on purpose. */
  lost = 0;
  sent = 0;

  constructor(options: PersonOptions) {
    this.#options = options;
    this.#clip = options.clip;
    this.#video = new RtpStream({ payloadType: payloadTypes.video, clockRateHz: 90_000, history });
    this.#audio = new RtpStream({ payloadType: payloadTypes.audio, clockRateHz: 48_000, history: 0 });
    this.ssrc = { video: this.#video.ssrc, audio: this.#audio.ssrc };
    const video = options.video === null ? null : this.#open();
    const audio = options.audio === null ? null : options.audio === options.video ? video : this.#open();
    if (video !== null) {
      const listener = (bytes: Buffer): void => this.#onMessage(bytes, video);
      video.on('message', listener);
      this.#unlisten = () => void video.off('message', listener);
    }
    const tick = (): void => this.#tick(video, audio);
    this.#timers = [setInterval(tick, tickMs), setInterval(() => this.#report(video, audio), reportMs)];
  }

  /** Idempotent. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#unlisten();
    for (const socket of this.#sockets.splice(0)) socket.close();
  }

  /** Sends another picture in the same stream, beginning with a key frame, as `replaceTrack` of browsers; of equal duration and codec. */
  change(clip: Clip): void {
    this.#next = clip;
  }

  #mayChange(nowMs: number): void {
    const { durationMs } = this.#clip;
    const beginsMs = Math.floor(nowMs / durationMs) * durationMs;
    if (this.#next === null || beginsMs <= this.#untilMs) return;
    this.#clip = this.#next;
    this.#next = null;
    // What is left of the old one would refer to pictures of the new one.
    this.#untilMs = beginsMs - 0.001;
  }

  #open(): Socket {
    if (this.#options.socket !== undefined) return this.#options.socket;
    const socket = createSocket('udp4');
    socket.on('error', () => undefined);
    this.#sockets.push(socket);
    return socket;
  }

  #tick(video: Socket | null, audio: Socket | null): void {
    const nowMs = performance.now() - this.#startMs;
    this.#mayChange(nowMs);
    const clip = this.#clip;
    if (video !== null && this.isVideoOn) {
      for (const frame of this.#due(clip.pictures, nowMs)) {
        for (const packet of this.#video.packets(payloadsOf(clip, frame), frame.timeMs))
          this.#send(video, packet, this.#options.video);
      }
    }
    if (audio !== null && this.isAudioOn) {
      for (const { timeMs, units } of this.#due(clip.sounds, nowMs)) {
        const payload = units[0] ?? new Uint8Array(0);
        const [packet] = this.#audio.packets([{ payload, marker: false }], timeMs + 1_000);
        if (packet !== undefined) this.#send(audio, packet, this.#options.audio);
      }
    }
    this.#untilMs = nowMs;
  }

  /** Frames of this and the last round whose time has come since the last tick. */
  #due(frames: readonly ClipFrame[], nowMs: number): ClipFrame[] {
    const { durationMs } = this.#clip;
    const rounds = [Math.floor(this.#untilMs / durationMs), Math.floor(nowMs / durationMs)];
    return [...new Set(rounds)].flatMap((round) =>
      frames
        .map(({ timeMs, units }) => ({ timeMs: timeMs + round * durationMs, units }))
        .filter(({ timeMs }) => timeMs > this.#untilMs && timeMs <= nowMs),
    );
  }

  #report(video: Socket | null, audio: Socket | null): void {
    const nowMs = performance.now() - this.#startMs;
    const unixMs = performance.timeOrigin + performance.now();
    const pictures = this.#video.report(unixMs, nowMs, cname);
    const sounds = this.#audio.report(unixMs, nowMs + 1_000, cname);
    if (video !== null && pictures !== null) video.send(pictures, this.#options.video ?? 0, '127.0.0.1');
    if (audio !== null && sounds !== null) audio.send(sounds, this.#options.audio ?? 0, '127.0.0.1');
  }

  #onMessage(bytes: Buffer, socket: Socket): void {
    if (!isRtcp(bytes) || this.#options.answersNacks === false) return;
    for (const { ssrc, sequences } of readNacks(bytes)) {
      if (ssrc !== this.ssrc.video) continue;
      for (const sequence of sequences) {
        const packet = this.#video.sent(sequence);
        if (packet !== undefined) this.#send(socket, packet, this.#options.video);
      }
    }
  }

  #send(socket: Socket, packet: Buffer, port: number | null): void {
    this.sent += 1;
    if (this.#random() < (this.#options.loss ?? 0)) this.lost += 1;
    else socket.send(packet, port ?? 0, '127.0.0.1', () => undefined);
  }

  /** The same in each run of a test. */
  #random(): number {
    this.#seed = (this.#seed * 16_807) % 2_147_483_647;
    return this.#seed / 2_147_483_647;
  }
}
