import { AppError } from '@maydan/common';
import { FIRST_MSN } from '../../live/events.ts';
import type { LiveWindow } from '../LiveWindow.ts';
import { advancePartLimit } from '../playlists/livePlaylist.ts';
import type { RenditionWindow } from '../RenditionWindow.ts';
import { judge, noDirectives, parseDirectives, type Directives, type Position } from './directives.ts';
import type { Exchange } from './Exchange.ts';
import type { HttpExchange } from './HttpExchange.ts';
import { LivePlaylists, type LivePlaylistKey } from './LivePlaylists.ts';
import { answerKindOf, cacheControlOf, entityTagOf, mediaTypeOf } from './mediaTypes.ts';
import type { OriginMetrics } from './OriginMetrics.ts';
import { PreparedAnswer } from './PreparedAnswer.ts';
import { remember } from './remember.ts';
import type { Resource } from './route.ts';
import { sendOlder } from './sendOlder.ts';
import { WaitingRoom } from './WaitingRoom.ts';

type Of<Type extends Resource['type']> = Extract<Resource, { type: Type }>;

/** More than one machine serves: beyond it a request is refused rather than held. */
const MAX_HELD = 100_000;

const directivesOf = remember(parseDirectives);

const notFound = () => new AppError('not_found');
const tooLong = () => new AppError('timeout', 'What was asked for did not come in time.');

/** An I-frame playlist has no parts: only whole segments can be waited for. */
function positionOf(rendition: RenditionWindow, type: LivePlaylistKey['type']): Position {
  if (type === 'media') return rendition;
  return {
    closedMsn: (rendition.iFrames?.nextSequence ?? FIRST_MSN) - 1,
    openParts: 0,
    partCountOf: () => undefined,
  };
}

/**
 * Serves one live window. All who wait for the same thing are released together when the window has it, with one
 * answer built once; changes of one turn of the event loop are looked at together.
 */
export class LivePlayback {
  readonly #window: LiveWindow;
  readonly #metrics: OriginMetrics;
  readonly #playlists: LivePlaylists;
  /** Answers for bytes in memory; gone with the bytes. */
  readonly #files = new WeakMap<Buffer, PreparedAnswer>();
  #room: WaitingRoom | null = null;
  #checkPlanned: NodeJS.Immediate | null = null;
  #closed = false;
  #observedVersion = 0;
  readonly #stopListening: () => void;
  readonly #onClosed: () => void;

  /** `onClosed` is called once, when the window was closed or `close` was. */
  constructor(window: LiveWindow, metrics: OriginMetrics, onClosed: () => void) {
    this.#window = window;
    this.#metrics = metrics;
    this.#onClosed = onClosed;
    this.#playlists = new LivePlaylists(window);
    this.#stopListening = window.onChange(() => this.#planCheck());
  }

  /** Turns everybody away who waits. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopListening();
    if (this.#checkPlanned) clearImmediate(this.#checkPlanned);
    this.#room?.close();
    this.#onClosed();
  }

  /**
   * Answers from memory or holds; false when only older storage can tell. Throws AppError.
   */
  answer(exchange: Exchange, resource: Resource, query: string): boolean {
    switch (resource.type) {
      case 'multivariant':
        this.#sendMultivariant(exchange);
        return true;
      case 'media':
      case 'iFrames':
        this.#playlist(exchange, resource, query);
        return true;
      case 'part':
        this.#part(exchange, resource);
        return true;
      case 'segment':
        return this.#segment(exchange, resource);
      case 'init':
        return this.#init(exchange, resource);
      case 'image':
      case 'text':
        return false;
    }
  }

  /** Answers from wherever it is, or holds. Throws AppError; rejects when older storage fails. */
  handle(exchange: HttpExchange, resource: Resource, query: string): Promise<void> | undefined {
    if (this.answer(exchange, resource, query)) return undefined;
    return sendOlder(exchange, this.#window.older, resource);
  }

  #sendMultivariant(exchange: Exchange): void {
    const answer = this.#playlists.multivariant({ gzip: exchange.acceptsGzip, blocking: false });
    if (!answer) throw notFound();
    exchange.send(answer);
  }

  #playlist(exchange: Exchange, key: Of<'media'> | Of<'iFrames'>, query: string): void {
    const rendition = this.#window.rendition(key.rendition);
    const { timing } = this.#window;
    if (!timing || !rendition?.hasContent || (key.type === 'iFrames' && !rendition.iFrames)) throw notFound();
    if (this.#window.ended) return this.#sendPlaylist(exchange, key, noDirectives);
    const directives = query === '' ? noDirectives : directivesOf(query);
    if (key.type === 'iFrames' && rendition.iFrames?.length === 0)
      return this.#firstIFrames(exchange, key, rendition);
    if (directives.msn === undefined) return this.#sendPlaylist(exchange, key, directives);
    const limit = advancePartLimit(timing);
    const verdict = () => judge(directives, positionOf(rendition, key.type), limit);
    const first = verdict();
    if (first === 'answer') return this.#sendPlaylist(exchange, key, directives);
    if (first === 'too_far') throw new AppError('bad_request', 'That is too far ahead of the playlist.');
    const isReady = () => this.#window.ended || verdict() === 'answer';
    const name = `${key.path} ${directives.msn}.${directives.part}`;
    this.#hold(exchange, name, isReady, () => this.#sendPlaylist(exchange, key, directives));
  }

  /** Listed from the first part on, it has nothing to show until the first segment is complete. */
  #firstIFrames(exchange: Exchange, key: Of<'iFrames'>, rendition: RenditionWindow): void {
    const isReady = () => this.#window.ended || (rendition.iFrames?.length ?? 0) > 0;
    this.#hold(exchange, `${key.path} first`, isReady, () => this.#sendPlaylist(exchange, key, noDirectives));
  }

  #sendPlaylist(exchange: Exchange, key: LivePlaylistKey, directives: Directives): void {
    const blocking = directives.msn !== undefined && !this.#window.ended;
    const form = { gzip: exchange.acceptsGzip, blocking };
    const delta = directives.skip ? this.#playlists.delta(key, form, directives.msn) : null;
    const answer = delta ?? this.#playlists.full(key, form);
    if (!answer) throw notFound();
    exchange.send(answer);
  }

  #part(exchange: Exchange, resource: Of<'part'>): void {
    const rendition = this.#window.rendition(resource.rendition);
    if (!rendition) throw notFound();
    const bytes = () => rendition.memory.part(resource.msn, resource.fence, resource.part);
    const now = bytes();
    if (now) return exchange.sendFile(this.#file(now, resource));
    const isHinted = () => !this.#window.ended && rendition.hintPath() === resource.path;
    if (!isHinted()) throw notFound();
    const isReady = () => bytes() !== undefined || !isHinted();
    this.#hold(exchange, resource.path, isReady, () => {
      const come = bytes();
      if (!come) throw notFound();
      exchange.sendFile(this.#file(come, resource));
    });
  }

  #segment(exchange: Exchange, resource: Of<'segment'>): boolean {
    const rendition = this.#window.rendition(resource.rendition);
    const bytes = rendition?.memory.segment(resource.msn, resource.fence);
    if (bytes) exchange.sendFile(this.#file(bytes, resource));
    if (bytes) return true;
    const oldest = rendition?.segments[0]?.msn ?? 0;
    const isListed = rendition?.segmentAt(resource.msn)?.path === resource.path;
    if (!rendition || (resource.msn >= oldest && !isListed)) throw notFound();
    return false;
  }

  #init(exchange: Exchange, resource: Of<'init'>): boolean {
    const rendition = this.#window.rendition(resource.rendition);
    const bytes = rendition?.memory.init(resource.path);
    if (bytes) exchange.sendFile(this.#file(bytes, resource));
    if (bytes) return true;
    if (!rendition?.hasInit(resource.path)) throw notFound();
    return false;
  }

  #file(bytes: Buffer, resource: Resource): PreparedAnswer {
    const known = this.#files.get(bytes);
    if (known) return known;
    const answer = new PreparedAnswer({
      kind: answerKindOf(resource),
      body: bytes,
      entityTag: entityTagOf(resource.path),
      headers: [
        ['Content-Type', mediaTypeOf(resource.path)],
        ['Cache-Control', cacheControlOf(resource)],
        ['Accept-Ranges', 'bytes'],
      ],
    });
    this.#files.set(bytes, answer);
    return answer;
  }

  #hold(exchange: Exchange, name: string, isReady: () => boolean, answer: () => void): void {
    if (this.#closed || this.#window.closed) throw new AppError('unavailable');
    this.#room ??= new WaitingRoom({
      timeoutMs: 3000 * (this.#window.timing?.targetDurationSec ?? 1),
      onCount: (change) => this.#metrics.blocked(change),
    });
    if (this.#room.size >= MAX_HELD) throw new AppError('overloaded');
    const leave = this.#room.hold(name, isReady, {
      release: () => {
        try {
          answer();
        } catch (error) {
          exchange.sendError(error instanceof AppError ? error : new AppError('internal'));
        }
      },
      expire: () => exchange.sendError(this.#closed ? new AppError('unavailable') : tooLong()),
    });
    exchange.onGone(leave);
  }

  #planCheck(): void {
    if (this.#window.closed) return this.close();
    this.#checkPlanned ??= setImmediate(() => {
      this.#checkPlanned = null;
      this.#room?.check();
      this.#observeLatency();
    });
  }

  /** Once per part of the first rendition: the others come with it. */
  #observeLatency(): void {
    const [reference] = this.#window.renditions.values();
    const open = reference?.open;
    if (!reference || !open || open.partCount === 0 || reference.version === this.#observedVersion) return;
    this.#observedVersion = reference.version;
    this.#metrics.partOffered((Date.now() - open.started.programDateTimeMs) / 1000 - open.durationSec);
  }
}
