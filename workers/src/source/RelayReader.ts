import { EventEmitter } from 'node:events';
import { get, type ClientRequest, type IncomingMessage } from 'node:http';
import { get as getTls } from 'node:https';
import type { SourceEndReason } from './events.ts';
import { FlvError, FlvParser, type FlvTag } from './flv/FlvParser.ts';
import { Patience } from './Patience.ts';

export interface RelayReaderOptions {
  readonly relayUrl: string;
  /** Sent as `Authorization: Bearer <token>`. */
  readonly mintToken: () => string | Promise<string>;
  /** No byte for this long while the connection stands and this process runs: the source stalled. Default 5 s. */
  readonly stallMs?: number;
}

export interface RelayEnd {
  readonly reason: Extract<
    SourceEndReason,
    'ended' | 'stalled' | 'refused' | 'unreachable' | 'invalid' | 'stopped'
  >;
  readonly detail: string;
}

export interface RelayReaderEvents {
  /** Whole tags in order; `byteLength` is what was read for them. */
  tags: [tags: readonly FlvTag[], byteLength: number];
  /** Last event, comes once. */
  ended: [end: RelayEnd];
}

/** Pulls one HTTP-FLV stream. Single use: to try again is the caller's job, with a new reader. */
export class RelayReader extends EventEmitter<RelayReaderEvents> {
  private readonly options: RelayReaderOptions;
  private readonly parser = new FlvParser();
  private request: ClientRequest | null = null;
  private response: IncomingMessage | null = null;
  private stall: Patience | null = null;
  private paused = false;
  private over = false;

  constructor(options: RelayReaderOptions) {
    super();
    this.options = options;
  }

  start(): void {
    this.watchStall();
    Promise.resolve()
      .then(() => this.options.mintToken())
      .then((token) => this.connect(token))
      .catch((error: unknown) => this.finish('unreachable', String(error)));
  }

  /** Stops reading; the relay feels it through TCP. */
  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.response?.pause();
    this.unwatchStall();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.response?.resume();
    if (!this.over) this.watchStall();
  }

  /** Idempotent; `ended` with `stopped` follows unless it came already. */
  close(): void {
    this.finish('stopped', 'closed');
  }

  private connect(token: string): void {
    if (this.over) return;
    const url = new URL(this.options.relayUrl);
    const open = url.protocol === 'https:' ? getTls : get;
    const headers = { authorization: `Bearer ${token}` };
    this.request = open(url, { headers, agent: false }, (response) => this.read(response));
    this.request.on('error', (error) =>
      this.finish(this.response === null ? 'unreachable' : 'ended', error.message),
    );
  }

  private read(response: IncomingMessage): void {
    this.response = response;
    if (response.statusCode !== 200)
      return this.finish('refused', `The relay answered ${response.statusCode}.`);
    if (this.paused) response.pause();
    response.on('data', (piece: Buffer) => this.parse(piece));
    response.on('end', () => this.finish('ended', 'The relay ended the stream.'));
    response.on('error', (error) => this.finish('ended', error.message));
    response.on('close', () => this.finish('ended', 'The relay closed the connection.'));
  }

  private parse(piece: Buffer): void {
    if (this.over) return;
    this.stall?.refresh();
    try {
      const tags = this.parser.push(piece);
      this.emit('tags', tags, piece.length);
    } catch (error) {
      if (!(error instanceof FlvError)) throw error;
      this.finish('invalid', `${error.code}: ${error.message}`);
    }
  }

  private watchStall(): void {
    const stallMs = this.options.stallMs ?? 5000;
    this.stall = new Patience(stallMs, () => {
      const connected = this.response !== null;
      this.finish(connected ? 'stalled' : 'unreachable', `Nothing came for ${stallMs} ms.`);
    });
  }

  private unwatchStall(): void {
    this.stall?.stop();
    this.stall = null;
  }

  private finish(reason: RelayEnd['reason'], detail: string): void {
    if (this.over) return;
    this.over = true;
    this.unwatchStall();
    this.request?.destroy();
    this.response?.destroy();
    this.emit('ended', { reason, detail });
  }
}
