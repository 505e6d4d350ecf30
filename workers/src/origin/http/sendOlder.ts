import { pipeline } from 'node:stream/promises';
import { AppError } from '@maydan/common';
import type { OlderMedia, OpenedMedia } from '../OlderMedia.ts';
import { parseRange, UnsatisfiableRange, type RequestedRange } from './byteRange.ts';
import type { HttpExchange } from './HttpExchange.ts';
import { answerKindOf, cacheControlOf, entityTagOf, mediaTypeOf } from './mediaTypes.ts';
import { corsHeaders, type Header } from './PreparedAnswer.ts';
import type { Resource } from './route.ts';

/** Opens what was asked for; a suffix range needs the size first, so it costs one more look. */
async function openRange(
  older: OlderMedia,
  path: string,
  range: RequestedRange,
): Promise<OpenedMedia | null> {
  if (!('suffixLength' in range)) return older.open(path, range);
  const probe = await older.open(path, { start: 0, end: 0 });
  if (!probe?.range) return probe;
  discard(probe);
  const { size } = probe.range;
  if (range.suffixLength === 0 || size === 0) throw new UnsatisfiableRange(size);
  return older.open(path, { start: Math.max(0, size - range.suffixLength) });
}

function discard(opened: OpenedMedia): void {
  if (!Buffer.isBuffer(opened.body)) opened.body.destroy();
}

function headersOf(resource: Resource, opened: OpenedMedia): Header[] {
  const { range } = opened;
  return [
    ['Content-Type', mediaTypeOf(resource.path)],
    ['Cache-Control', cacheControlOf(resource)],
    ['ETag', entityTagOf(resource.path)],
    ['Accept-Ranges', 'bytes'],
    ...(range ? [['Content-Range', `bytes ${range.start}-${range.end}/${range.size}`] as const] : []),
    ...corsHeaders,
    ['Content-Length', String(opened.contentLength)],
  ];
}

/** Body as it comes, no faster than the client reads; a client that leaves ends the reading. */
async function stream({ response }: HttpExchange, body: OpenedMedia['body']): Promise<void> {
  if (Buffer.isBuffer(body)) return void response.end(body);
  try {
    await pipeline(body, response);
  } catch (error) {
    if (!response.destroyed) throw error;
  }
}

/**
 * Sends a file from older storage with the range that was asked for. Throws AppError `not_found` when there is
 * none, and whatever the storage throws.
 */
export async function sendOlder(
  exchange: HttpExchange,
  older: OlderMedia,
  resource: Resource,
): Promise<void> {
  const kind = answerKindOf(resource);
  const range = parseRange(exchange.request.headers.range);
  let opened: OpenedMedia | null;
  try {
    opened = range ? await openRange(older, resource.path, range) : await older.open(resource.path);
  } catch (error) {
    if (error instanceof UnsatisfiableRange) return exchange.sendUnsatisfiable(kind, error.size);
    if (error instanceof RangeError) return exchange.sendUnsatisfiable(kind, 0);
    throw error;
  }
  if (!opened) throw new AppError('not_found');
  const status = opened.range ? 206 : 200;
  if (exchange.isHead || exchange.isOver) {
    discard(opened);
    return exchange.isOver
      ? undefined
      : exchange.sendPlain(kind, status, headersOf(resource, opened), noBody);
  }
  exchange.begin(kind, status, headersOf(resource, opened), opened.contentLength);
  await stream(exchange, opened.body);
}

const noBody = Buffer.alloc(0);
