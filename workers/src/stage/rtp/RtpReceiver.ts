import { EventEmitter } from 'node:events';
import { PipedProcess } from '../../ffmpeg/PipedProcess.ts';
import { messageOf, MessageReader, stageMediaPath } from '../native/messages.ts';
import { isRtcp, parseRtp, type RtpPacket } from './rtpPacket.ts';
import { readSenderReports, type SenderReport } from './senderReport.ts';

export interface RtpListener {
  /** `nowMs` of `performance.now()` when it arrived. */
  packet(packet: RtpPacket, nowMs: number): void;
  report(report: SenderReport, nowMs: number): void;
}

export interface RtpReceiverEvents {
  /** Comes once, and not after `close`: the process is gone and all its ports with it. */
  failed: [reason: string];
}

/** A UDP port for one stream's RTP and RTCP. Who opens it closes it. */
export interface RtpPort {
  readonly port: number;
  /** Idempotent. */
  close(): void;
}

interface Open {
  readonly listener: RtpListener;
  readonly opened: PromiseWithResolvers<number>;
}

/** As receiver.c has them. */
const types = { open: 1, close: 2 } as const;
const replyTypes = { opened: 1, packets: 2 } as const;
/** Before each packet: id, length, and when it arrived on the clock of `process.hrtime()`. */
const headBytes = 16;
/** Of that clock's and of `performance.now()`, which go alike. */
const clockOffsetMs = performance.now() - Number(process.hrtime.bigint()) / 1e6;

/**
 * Receives RTP in a process of its own (workers/native), which tells of many packets at a time: this process would be woken for
 * each, at more cost than that of reading them. Who creates it closes it.
 */
export class RtpReceiver extends EventEmitter<RtpReceiverEvents> {
  readonly #process: PipedProcess;
  readonly #reader = new MessageReader();
  readonly #ports = new Map<number, Open>();
  #lastId = 0;
  #isClosed = false;

  /** Listens at that address of ours. */
  constructor(address: string) {
    super();
    this.#process = new PipedProcess(stageMediaPath, ['receive', address]);
    this.#process.on('data', (bytes) => this.#read(bytes));
    this.#process.on('exit', ({ stderrTail }) => this.#lost(stderrTail));
  }

  /** Opens a free port. @throws when none can be had. */
  async open(listener: RtpListener): Promise<RtpPort> {
    if (this.#isClosed) throw new Error('RTP is not received any more');
    const id = (this.#lastId += 1);
    const opened = Promise.withResolvers<number>();
    this.#ports.set(id, { listener, opened });
    this.#send(types.open, id);
    const port = await opened.promise;
    return { port, close: () => this.#close(id) };
  }

  /** Ends the process and closes all ports. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#process.kill();
  }

  #send(type: number, id: number): void {
    this.#process.together(() => {
      for (const bytes of messageOf(type, [id])) this.#process.write(bytes);
    });
  }

  #close(id: number): void {
    if (this.#ports.delete(id)) this.#send(types.close, id);
  }

  #lost(reason: string): void {
    const wasClosed = this.#isClosed;
    this.#isClosed = true;
    for (const { opened } of this.#ports.values())
      opened.reject(new Error(`RTP can't be received: ${reason}`));
    this.#ports.clear();
    if (!wasClosed) this.emit('failed', reason);
  }

  #read(bytes: Uint8Array): void {
    try {
      for (const { type, body } of this.#reader.push(bytes)) {
        if (type === replyTypes.opened) this.#opened(body.readUInt32LE(0), body.readUInt32LE(4));
        if (type === replyTypes.packets) this.#deliver(body);
      }
    } catch (error) {
      // What says such things can't be relied on; its end is told as `failed`.
      if (!(error instanceof RangeError)) throw error;
      void this.#process.kill();
    }
  }

  #opened(id: number, port: number): void {
    const open = this.#ports.get(id);
    if (open === undefined) return;
    if (port !== 0) return open.opened.resolve(port);
    this.#ports.delete(id);
    open.opened.reject(new Error('there is no port for RTP'));
  }

  #deliver(body: Buffer): void {
    for (let at = 0; at + headBytes <= body.length;) {
      const end = at + headBytes + body.readUInt32LE(at + 4);
      const listener = this.#ports.get(body.readUInt32LE(at))?.listener;
      const nowMs = body.readDoubleLE(at + 8) + clockOffsetMs;
      if (listener !== undefined) tell(listener, body.subarray(at + headBytes, end), nowMs);
      at = end;
    }
  }
}

function tell(listener: RtpListener, bytes: Uint8Array, nowMs: number): void {
  if (isRtcp(bytes)) {
    for (const report of readSenderReports(bytes)) listener.report(report, nowMs);
    return;
  }
  const packet = parseRtp(bytes);
  if (packet !== null) listener.packet(packet, nowMs);
}
