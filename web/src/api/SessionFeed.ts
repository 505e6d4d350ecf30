import { sessionId } from '@maydan/contracts';
import type { ErrorCode, Session } from '@maydan/contracts';
import type { ApiProblem } from './api.ts';
import { withOwnAddresses } from './ownAddresses.ts';
import { Poller } from './poll.ts';
import type { SocketListener } from './sessionSocket.ts';

/** What the page knows of a session. A session once seen stays while later requests fail. */
export type SessionView =
  | { readonly status: 'loading' }
  | { readonly status: 'notFound' }
  | { readonly status: 'failed'; readonly problem: ApiProblem }
  | { readonly status: 'ready'; readonly session: Session };

export interface SessionFeedDeps {
  fetchSession(id: string): Promise<Session>;
  followSession(id: string, listener: SocketListener): () => void;
  problemOf(error: unknown): ApiProblem;
}

/** Without the socket the state of a live session is asked for this often. */
const pollMs = 3_000;
/** Whom the host or a moderator has sent out sees no more of it. */
const sentOut: readonly ApiProblem['code'][] = ['session_private', 'forbidden', 'account_banned'];

/** With it, a lost message is made good this late. */
const checkMs = 30_000;

/** Keeps one session up to date through the socket, and by polling while there is none. */
export class SessionFeed {
  private readonly id: string;
  private readonly deps: SessionFeedDeps;
  private readonly subscribers = new Set<() => void>();
  private readonly poller: Poller;
  private unfollow: (() => void) | undefined;
  private connected = false;
  /** Kicked: nothing is asked until the viewer wants to come back. */
  private isOut = false;
  private view: SessionView;

  /** `known` is the session as it came with something else; it is not asked for again at once. */
  constructor(id: string, deps: SessionFeedDeps, known: Session | null = null) {
    this.id = id;
    this.deps = deps;
    this.view = known ? { status: 'ready', session: known } : { status: 'loading' };
    this.poller = new Poller(
      () => this.fetch(),
      () => this.pollDelayMs(),
    );
  }

  readonly snapshot = (): SessionView => this.view;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.subscribers.add(listener);
    return () => this.subscribers.delete(listener);
  };

  open(): void {
    // Anything may stand in an address; what can't be an id names nothing.
    if (!sessionId.safeParse(this.id).success) return this.set({ status: 'notFound' });
    if (this.view.status === 'ready') this.poller.rest();
    else this.poller.poke();
    this.follow();
  }

  /** Also brings back who was kicked. */
  refresh(): void {
    if (this.isOut) {
      this.isOut = false;
      this.follow();
    }
    this.poller.poke();
  }

  close(): void {
    this.poller.stop();
    this.unfollow?.();
    this.subscribers.clear();
  }

  private follow(): void {
    this.unfollow = this.deps.followSession(this.id, {
      updated: (session) => this.onUpdated(session),
      closed: (code) => this.onClosed(code),
      connectionChanged: (connected) => this.onConnection(connected),
    });
  }

  private onClosed(code: ErrorCode): void {
    if (code !== 'chat_kicked') return this.refresh();
    this.isOut = true;
    this.unfollow?.();
    this.unfollow = undefined;
    this.set({ status: 'failed', problem: { code, retry: false } });
  }

  /** What is told to all has no addresses with which this viewer could play a private session. */
  private onUpdated(session: Session): void {
    if (session.visibility === 'private') this.refresh();
    else this.show(session);
  }

  private onConnection(connected: boolean): void {
    this.connected = connected;
    if (!connected) this.poller.poke();
  }

  private pollDelayMs(): number | null {
    if (this.isOut) return null;
    if (this.view.status === 'notFound') return null;
    if (this.view.status !== 'ready') return pollMs;
    const { state, playback, visibility } = this.view.session;
    // Asking keeps the addresses of a private session good, also while the player rests.
    if (visibility === 'private') return this.connected ? checkMs : pollMs;
    const settled =
      state === 'failed' || (state === 'ended' && (!playback.playable || playback.posterUrl !== null));
    if (settled) return null;
    return this.connected ? checkMs : pollMs;
  }

  private async fetch(): Promise<void> {
    if (this.isOut) return;
    try {
      const session = await this.deps.fetchSession(this.id);
      if (!this.isOut) this.show(session);
    } catch (error) {
      if (!this.isOut) this.onProblem(this.deps.problemOf(error));
    }
  }

  private onProblem(problem: ApiProblem): void {
    if (problem.code === 'not_found' || problem.code === 'validation_failed')
      this.set({ status: 'notFound' });
    else if (this.view.status !== 'ready' || sentOut.includes(problem.code))
      this.set({ status: 'failed', problem });
  }

  private show(session: Session): void {
    const known = this.view.status === 'ready' ? this.view.session : session;
    this.set({ status: 'ready', session: withOwnAddresses(session, known) });
  }

  private set(view: SessionView): void {
    this.view = view;
    for (const listener of this.subscribers) listener();
  }
}
