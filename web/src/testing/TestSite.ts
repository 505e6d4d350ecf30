import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import {
  clientMessages,
  errorBody,
  errorTable,
  serverEvents,
  session as sessionSchema,
  sessionList,
  viewingStarted,
} from '@maydan/contracts';
import type { ErrorCode, Session } from '@maydan/contracts';
import { Server as SocketServer } from 'socket.io';
import { StaticServer } from '../../../tests/support/browser/StaticServer.ts';
import { channelFixture, hostFixture } from './fixtures.ts';

const viewingFixture = { viewingToken: 'viewing', deviceToken: 'device', intervalSec: 15 };

/** The policy that the api sends with the page, for media on other ports of this host. */
const contentPolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob: http://127.0.0.1:*",
  "media-src 'self' blob: http://127.0.0.1:*",
  "connect-src 'self' http://127.0.0.1:*",
  "worker-src 'self' blob:",
  "object-src 'none'",
].join(';');

/**
 * Serves the built page like the api does (same policy, same routes) with sessions that a test sets. Answers are
 * checked against the contracts' schemas, so that the page is never tested with what the api would not say.
 */
export class TestSite {
  private readonly page: string;
  private site: StaticServer | null = null;
  private sockets: SocketServer | null = null;
  private sessions: readonly Session[] = [];
  private failing = false;
  /** Paths that were asked for, newest last. */
  readonly requests: string[] = [];
  /** How often a page asked to be told of a session. */
  joins = 0;

  static async start(page: string): Promise<TestSite> {
    const created = new TestSite(page);
    created.site = await StaticServer.start(page, (request, response) => created.answer(request, response));
    created.sockets = new SocketServer(created.site.server, { serveClient: false });
    created.sockets.on('connection', (socket) => {
      socket.on('session:subscribe', (payload: unknown, ack: (answer: unknown) => void) => {
        const { sessionId } = clientMessages['session:subscribe'].input.parse(payload);
        created.joins += 1;
        void socket.join(sessionId);
        const found = created.find(sessionId);
        if (found && !created.failing) ack(serverEvents['session:updated'].parse({ session: found }));
      });
    });
    return created;
  }

  private constructor(page: string) {
    this.page = page;
  }

  get url(): string {
    return this.site?.url ?? '';
  }

  /** Changes what the api knows, without telling anybody. */
  set(...sessions: Session[]): void {
    this.sessions = sessions.map((session) => sessionSchema.parse(session));
  }

  /** Changes a session and tells its room. */
  announce(session: Session): void {
    this.set(...this.sessions.filter(({ id }) => id !== session.id), session);
    this.sockets?.to(session.id).emit('session:updated', serverEvents['session:updated'].parse({ session }));
  }

  /** Puts all out of the room of a session, and says why. */
  putOut(sessionId: string, code: ErrorCode): void {
    const told = serverEvents['session:closed'].parse({ sessionId, code });
    this.sockets?.to(sessionId).emit('session:closed', told);
    this.sockets?.socketsLeave(sessionId);
  }

  /** While failing every API request is answered with 503, and sockets say nothing. */
  fail(failing: boolean): void {
    this.failing = failing;
  }

  disconnectSockets(): void {
    this.sockets?.disconnectSockets(true);
    // Nobody may come back: the page has to get along without.
    this.sockets?.engine.close();
  }

  async close(): Promise<void> {
    this.sockets?.disconnectSockets(true);
    this.sockets?.engine.close();
    await this.site?.close();
  }

  private find(id: string): Session | undefined {
    return this.sessions.find((session) => session.id === id);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    if (pathname.startsWith('/socket.io')) return true;
    this.requests.push(pathname);
    response.setHeader('content-security-policy', contentPolicy);
    if (pathname.startsWith('/api/v1/')) {
      this.answerApi(pathname.slice('/api/v1'.length), searchParams, response);
      return true;
    }
    if (pathname.startsWith('/assets/') || pathname === '/icon.svg') return false;
    await this.site?.sendFile(join(this.page, 'index.html'), request, response);
    return true;
  }

  private answerApi(path: string, query: URLSearchParams, response: ServerResponse): void {
    if (this.failing) return sendError(response, 'unavailable');
    const one = /^\/sessions\/([^/]+)$/.exec(path)?.[1];
    const username = /^\/channels\/([^/]+)$/.exec(path)?.[1];
    const found = one === undefined ? undefined : this.find(one);
    if (found) return sendJson(response, 200, sessionSchema.parse(found));
    if (username === hostFixture.username) return sendJson(response, 200, this.channel());
    if (path.endsWith('/viewing')) return sendJson(response, 200, viewingStarted.parse(viewingFixture));
    if (path.startsWith('/viewing/')) return sendJson(response, 200, {});
    if (path === '/sessions') return sendJson(response, 200, this.list(query.get('state') ?? 'live'));
    sendError(response, 'not_found');
  }

  private channel() {
    const isOver = ({ state }: Session): boolean => state === 'ended' || state === 'failed';
    const live = this.sessions.find((session) => !isOver(session)) ?? null;
    return channelFixture(live, this.sessions.find(isOver) ?? null);
  }

  private list(state: string) {
    const items = this.sessions.filter((session) => (session.state === 'ended') === (state === 'ended'));
    return sessionList.parse({ items, nextCursor: null });
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function sendError(response: ServerResponse, code: ErrorCode): void {
  const { status, message } = errorTable[code];
  sendJson(response, status, errorBody.parse({ error: { code, message, requestId: 'test' } }));
}
