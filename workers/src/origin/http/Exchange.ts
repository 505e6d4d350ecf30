import { randomUUID } from 'node:crypto';
import { toErrorBody, type AppError } from '@maydan/common';
import { parseRange, resolveRange, UnsatisfiableRange } from './byteRange.ts';
import type { OriginMetrics } from './OriginMetrics.ts';
import type { OriginRequest, OriginResponse } from './OriginResponse.ts';
import type { SendDeadlines } from './SendDeadlines.ts';
import type { PreparedAnswer } from './PreparedAnswer.ts';
import { corsHeaders, type AnswerKind, type Header } from './PreparedAnswer.ts';

const REQUEST_ID = /^[\w-]{1,64}$/;
const REFUSES_GZIP = /\bgzip\s*;\s*q=0(?:\.0*)?\s*(?:,|$)/;

/** How long caches may keep an error: something missing may be there a second later. */
const errorCaching = (status: number): string => (status === 404 ? 'public, max-age=1' : 'no-store');

const noBody = Buffer.alloc(0);

/** One request and its response: everything about sending, nothing about what is sent. */
export class Exchange {
  readonly request: OriginRequest;
  readonly response: OriginResponse;
  readonly #metrics: OriginMetrics;
  readonly #deadlines: SendDeadlines;

  constructor(
    request: OriginRequest,
    response: OriginResponse,
    shared: { readonly metrics: OriginMetrics; readonly deadlines: SendDeadlines },
  ) {
    this.request = request;
    this.response = response;
    this.#metrics = shared.metrics;
    this.#deadlines = shared.deadlines;
  }

  get isHead(): boolean {
    return this.request.method === 'HEAD';
  }

  get acceptsGzip(): boolean {
    const accepted = this.request.headers['accept-encoding'];
    return typeof accepted === 'string' && accepted.includes('gzip') && !REFUSES_GZIP.test(accepted);
  }

  /** The client is gone or has its answer. */
  get isOver(): boolean {
    return this.response.destroyed || this.response.writableEnded;
  }

  send(answer: PreparedAnswer): void {
    const { response } = this;
    if (this.#isKnownToClient(answer.entityTag)) return this.#sendNotModified(answer);
    this.#count(answer.kind, answer.status, answer.body.length);
    if (this.isHead || !response.shouldKeepAlive || this.request.httpVersionMinor !== 1) {
      response.writeHead(answer.status, answer.headers.flat());
      response.end(this.isHead ? undefined : answer.body);
    } else if (answer.isSmall) response.sendWhole(answer.status, answer.whole());
    else response.sendHeadAndBody(answer.status, answer.head(), answer.body);
  }

  /** Sends a file's bytes, or the range of them that was asked for. */
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
    this.#count(kind, status, body.length);
    this.response.writeHead(status, headers.flat());
    this.response.end(this.isHead ? undefined : body);
  }

  /** Counts an answer whose body somebody else writes. */
  countStreamed(kind: AnswerKind, status: number, bytes: number): void {
    this.#count(kind, status, bytes);
  }

  /** The one error shape. Does nothing when the client is gone; cuts the connection when a body has begun. */
  sendError(error: AppError, extraHeaders: readonly Header[] = []): void {
    if (this.isOver) return;
    if (this.response.headersSent) {
      this.response.destroy();
      return;
    }
    const body = Buffer.from(JSON.stringify(toErrorBody(error, this.#requestId())));
    const retry: Header[] = error.status === 503 ? [['Retry-After', '1']] : [];
    const headers: Header[] = [
      ['Content-Type', 'application/json; charset=utf-8'],
      ['Cache-Control', errorCaching(error.status)],
      ...retry,
      ...extraHeaders,
      ...corsHeaders,
      ['Content-Length', String(body.length)],
    ];
    this.sendPlain('error', error.status, headers, body);
  }

  #count(kind: AnswerKind, status: number, bytes: number): void {
    this.#metrics.answered(kind, status, bytes);
    this.#deadlines.watch(this.response, bytes);
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

  #sendNotModified(answer: PreparedAnswer): void {
    const headers = answer.headers.filter(([name]) => !name.startsWith('Content-'));
    this.sendPlain(answer.kind, 304, headers, noBody);
  }

  #requestId(): string {
    const given = this.request.headers['x-request-id'];
    return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
  }
}
