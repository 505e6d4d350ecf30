import { STATUS_CODES } from 'node:http';

/** What an answer is, for the metrics. */
export type AnswerKind = 'playlist' | 'part' | 'segment' | 'init' | 'image' | 'preflight' | 'error';

export type Header = readonly [name: string, value: string];

/** Any page may read everything: streams are public, and nothing depends on cookies. */
export const corsHeaders: readonly Header[] = [
  ['Access-Control-Allow-Origin', '*'],
  ['Access-Control-Expose-Headers', 'Content-Length, Content-Range, Date, ETag, Age'],
  ['Timing-Allow-Origin', '*'],
];

/** Up to this size head and body are kept in one buffer; above it a copy would cost more than a second write. */
const ONE_BUFFER_BYTES = 64 * 1024;

let dateSecond = 0;
let dateText = '';

/** The Date header's value; formatted once a second. */
function httpDate(nowMs: number): string {
  const second = Math.floor(nowMs / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}

export interface AnswerInit {
  readonly kind: AnswerKind;
  readonly status?: number;
  readonly headers: readonly Header[];
  readonly body: Buffer;
  /** With its quotes. */
  readonly entityTag?: string;
}

/** An answer built once and sent to anybody who asks for the same. */
export class PreparedAnswer {
  readonly kind: AnswerKind;
  readonly status: number;
  readonly body: Buffer;
  readonly entityTag: string | undefined;
  /** Without Date. */
  readonly headers: readonly Header[];
  readonly #lines: string;
  #whole: Buffer | null = null;
  #head = '';
  #second = 0;

  constructor(init: AnswerInit) {
    this.kind = init.kind;
    this.status = init.status ?? 200;
    this.body = init.body;
    this.entityTag = init.entityTag;
    const tag: Header[] = init.entityTag === undefined ? [] : [['ETag', init.entityTag]];
    this.headers = [...init.headers, ...tag, ...corsHeaders, ['Content-Length', String(init.body.length)]];
    const status = `HTTP/1.1 ${this.status} ${STATUS_CODES[this.status] ?? ''}\r\n`;
    this.#lines = status + this.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }

  /** Small enough to be sent as one buffer. */
  get isSmall(): boolean {
    return this.body.length <= ONE_BUFFER_BYTES;
  }

  /** Head of a keep-alive HTTP/1.1 response, ends with an empty line. */
  head(): string {
    this.#refresh();
    return this.#head;
  }

  /** Head and body. */
  whole(): Buffer {
    this.#refresh();
    this.#whole ??= Buffer.concat([Buffer.from(this.#head, 'latin1'), this.body]);
    return this.#whole;
  }

  /** The Date header must be true to the second. */
  #refresh(): void {
    const nowMs = Date.now();
    const second = Math.floor(nowMs / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#head = `${this.#lines}Date: ${httpDate(nowMs)}\r\n\r\n`;
    this.#whole = null;
  }
}
