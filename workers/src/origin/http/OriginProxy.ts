import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { AppError } from '@maydan/common';
import { CollapsedFetches, type Fetched } from './CollapsedFetches.ts';
import { canonicalQuery, parseDirectives } from './directives.ts';
import type { HttpExchange } from './HttpExchange.ts';
import { answerKindOf } from './mediaTypes.ts';
import { corsHeaders, PreparedAnswer, type AnswerKind, type Header } from './PreparedAnswer.ts';
import type { Resource, Route } from './route.ts';

/** Marks a request between origins: whoever gets it answers or refuses, but never passes it on. */
export const HOP_HEADER = 'x-maydan-origin-hop';

/** Held requests last three target durations at most. */
const IDLE_MS = 30_000;
const CONNECTIONS_PER_ORIGIN = 512;

const passedOn = [
  'content-type',
  'cache-control',
  'etag',
  'content-range',
  'accept-ranges',
  'vary',
  'retry-after',
];

function passedHeaders(headers: IncomingHttpHeaders, names: readonly string[] = passedOn): Header[] {
  return names.flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
}

/** Equal requests get equal URLs, whatever the order of their parameters. */
function upstreamUrl(baseUrl: string, route: Route): string {
  const token = route.token === null ? '' : `~${route.token}/`;
  const path = `${baseUrl.replace(/\/$/, '')}/hls/${route.playbackId}/${token}${route.resource.path}`;
  const query = upstreamQuery(route);
  return query === '' ? path : `${path}?${query}`;
}

function upstreamQuery(route: Route): string {
  if (route.resource.type !== 'media' && route.resource.type !== 'iFrames') return '';
  try {
    return canonicalQuery(parseDirectives(route.query));
  } catch {
    return route.query; // The owner judges nonsense, since it alone knows whether directives still count.
  }
}

const isCollapsed = ({ type }: Resource): boolean =>
  type === 'multivariant' || type === 'media' || type === 'iFrames' || type === 'part';

/**
 * Passes requests on to the origin that has the playback in memory. Playlists and parts, which may be held, are
 * asked for once for all who wait for them; segments are streamed through.
 */
export class OriginProxy {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_PER_ORIGIN, maxFreeSockets: 64 });
  readonly #fetches = new CollapsedFetches({
    agent: this.#agent,
    headers: { [HOP_HEADER]: '1', 'accept-encoding': 'gzip' },
    idleMs: IDLE_MS,
  });
  readonly #answers = new WeakMap<Fetched, Map<boolean, PreparedAnswer>>();

  /** Throws AppError `unavailable` when the other origin can't be reached, or the request came from one already. */
  async handle(exchange: HttpExchange, baseUrl: string, route: Route): Promise<void> {
    if (exchange.request.headers[HOP_HEADER] !== undefined) throw new AppError('unavailable');
    const url = upstreamUrl(baseUrl, route);
    try {
      await (isCollapsed(route.resource)
        ? this.#sendCollapsed(exchange, url, answerKindOf(route.resource))
        : this.#stream(exchange, url, answerKindOf(route.resource)));
    } catch (error) {
      if (exchange.isOver) return;
      throw new AppError('unavailable', undefined, undefined, { cause: error });
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #sendCollapsed(exchange: HttpExchange, url: string, kind: AnswerKind): Promise<void> {
    const { answer, leave } = this.#fetches.join(url);
    exchange.onGone(leave);
    const fetched = await answer;
    if (exchange.isOver) return;
    const prepared = this.#prepared(fetched, kind, exchange.acceptsGzip);
    if (kind === 'part' && fetched.status === 200) exchange.sendFile(prepared);
    else exchange.send(prepared);
  }

  /** Built once for all who shared the request. */
  #prepared(fetched: Fetched, kind: AnswerKind, gzip: boolean): PreparedAnswer {
    const forms = this.#answers.get(fetched) ?? new Map<boolean, PreparedAnswer>();
    this.#answers.set(fetched, forms);
    const known = forms.get(gzip);
    if (known) return known;
    const answer = preparedFrom(fetched, fetched.status === 200 ? kind : 'error', gzip);
    forms.set(gzip, answer);
    return answer;
  }

  async #stream(exchange: HttpExchange, url: string, kind: AnswerKind): Promise<void> {
    const incoming = await this.#open(exchange, url);
    const { statusCode: status = 502, headers } = incoming;
    const length = Number(headers['content-length'] ?? 0);
    const all = [...passedHeaders(headers, [...passedOn, 'content-length']), ...corsHeaders];
    exchange.begin(kind, status, all, length);
    await pipeline(incoming, exchange.response);
  }

  #open(exchange: HttpExchange, url: string): Promise<IncomingMessage> {
    const asked = passedHeaders(exchange.request.headers, ['range', 'if-range', 'if-none-match']);
    return new Promise((resolve, reject) => {
      const outgoing = request(url, {
        method: exchange.request.method ?? 'GET',
        agent: this.#agent,
        headers: { ...Object.fromEntries(asked), [HOP_HEADER]: '1' },
        timeout: IDLE_MS,
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error('The other origin does not answer.')));
      outgoing.once('error', reject);
      outgoing.once('response', resolve);
      exchange.onGone(() => outgoing.destroy());
      outgoing.end();
    });
  }
}

function preparedFrom(fetched: Fetched, kind: AnswerKind, gzip: boolean): PreparedAnswer {
  const isGzip = fetched.headers['content-encoding'] === 'gzip';
  const unpack = isGzip && !gzip;
  const tag = fetched.headers.etag;
  const encoding: Header[] = isGzip && gzip ? [['Content-Encoding', 'gzip']] : [];
  return new PreparedAnswer({
    kind,
    status: fetched.status,
    body: unpack ? gunzipSync(fetched.body, { maxOutputLength: 64 * 1024 * 1024 }) : fetched.body,
    entityTag: unpack ? tag?.replace('-gzip"', '"') : tag,
    headers: [
      ...passedHeaders(
        fetched.headers,
        passedOn.filter((name) => name !== 'etag'),
      ),
      ...encoding,
    ],
  });
}
