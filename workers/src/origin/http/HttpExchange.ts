import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppError } from '@maydan/common';
import { parseRange, resolveRange, UnsatisfiableRange } from './byteRange.ts';
import { errorAnswer } from './errorAnswer.ts';
import type { Exchange } from './Exchange.ts';
import { gzipAccepted } from './gzipAccepted.ts';
import type { OriginMetrics } from './OriginMetrics.ts';
import { corsHeaders, type AnswerKind, type Header, type PreparedAnswer } from './PreparedAnswer.ts';
import type { SendDeadlines } from './SendDeadlines.ts';

/** What all connections share. */
export interface Sending {
  readonly metrics: OriginMetrics;
  readonly deadlines: SendDeadlines;
}

const noBody = Buffer.alloc(0);

const uncached = ([name, value]: Header): Header =>
  name.toLowerCase() === 'cache-control' ? [name, 'private, no-store'] : [name, value];

/** A request that node:http read: any method, ranges, conditions, and bodies that are streamed. */
export class HttpExchange implements Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly #sending: Sending;
  #isPrivate = false;

  constructor(request: IncomingMessage, response: ServerResponse, sending: Sending) {
    this.request = request;
    this.response = response;
    this.#sending = sending;
  }

  /** What is answered from now on is for this client alone: no cache keeps it. */
  keepPrivate(): void {
    this.#isPrivate = true;
  }

  get isHead(): boolean {
    return this.request.method === 'HEAD';
  }

  get acceptsGzip(): boolean {
    return gzipAccepted(this.request.headers['accept-encoding']);
  }

  get isOver(): boolean {
    return this.response.destroyed || this.response.writableEnded;
  }

  onGone(listener: () => void): void {
    this.response.once('close', listener);
  }

  send(answer: PreparedAnswer): void {
    if (this.#isKnownToClient(answer.entityTag)) {
      const headers = answer.headers.filter(([name]) => !name.startsWith('Content-'));
      return this.sendPlain(answer.kind, 304, headers, noBody);
    }
    this.sendPlain(answer.kind, answer.status, answer.headers, answer.body);
  }

  sendFile(answer: PreparedAnswer): void {
    const header = this.request.headers.range;
    const range = header === undefined || !this.#rangeApplies(answer.entityTag) ? null : parseRange(header);
    if (!range) return this.send(answer);
    const size = answer.body.length;
    try {
      const { start, end } = resolveRange(range, size);
      const headers: Header[] = [
        ...answer.headers.filter(([name]) => name !== 'Content-Length'),
        ['Content-Range', `bytes ${start}-${end}/${size}`],
        ['Content-Length', String(end - start + 1)],
      ];
      this.sendPlain(answer.kind, 206, headers, answer.body.subarray(start, end + 1));
    } catch (error) {
      if (!(error instanceof UnsatisfiableRange)) throw error;
      this.sendUnsatisfiable(answer.kind, error.size);
    }
  }

  sendUnsatisfiable(kind: AnswerKind, size: number): void {
    const headers: Header[] = [['Content-Range', `bytes */${size}`], ['Content-Length', '0'], ...corsHeaders];
    this.sendPlain(kind, 416, headers, noBody);
  }

  sendPlain(kind: AnswerKind, status: number, headers: readonly Header[], body: Buffer): void {
    this.begin(kind, status, headers, body.length);
    this.response.end(this.isHead ? undefined : body);
  }

  /** Sends the head and counts the answer; the body of `bytes` is for the caller to write. */
  begin(kind: AnswerKind, status: number, headers: readonly Header[], bytes: number): void {
    this.#sending.metrics.answered(kind, status, bytes);
    const done = this.#sending.deadlines.watch(this.response, bytes);
    if (done) this.response.once('close', done);
    this.response.writeHead(status, (this.#isPrivate ? headers.map(uncached) : headers).flat());
  }

  /** Does nothing when the client is gone; cuts the connection when a body has begun. */
  sendError(error: AppError, extraHeaders: readonly Header[] = []): void {
    if (this.isOver) return;
    if (this.response.headersSent) return void this.response.destroy();
    const answer = errorAnswer(error, this.request.headers['x-request-id'], extraHeaders);
    this.sendPlain(answer.kind, answer.status, answer.headers, answer.body);
  }

  /** True when the range given is still of the file we have (RFC 9110 §13.1.5). */
  #rangeApplies(entityTag: string | undefined): boolean {
    const condition = this.request.headers['if-range'];
    return condition === undefined || condition === entityTag;
  }

  #isKnownToClient(entityTag: string | undefined): boolean {
    const known = this.request.headers['if-none-match'];
    if (known === undefined || entityTag === undefined) return false;
    return known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === entityTag);
  }
}
