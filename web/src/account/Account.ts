import { secondFactorChallenge } from '@maydan/contracts';
import type { Me, TokenPair } from '@maydan/contracts';
import { problemOf } from '../api/problem.ts';
import { needsRefresh, parseTokens, storedOf } from './tokens.ts';
import type { StoredTokens } from './tokens.ts';

/** Who is signed in; `unknown` until the api has said whose the stored tokens are. */
export type AccountView =
  { readonly status: 'unknown' | 'signedOut' } | { readonly status: 'signedIn'; readonly user: Me };

export interface TokenStore {
  read(): string | null;
  write(text: string | null): void;
  /** Runs `work` while no other tab does the same. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}

/** What an account needs of the api. */
export interface IdentityApi {
  readonly auth: {
    login(input: { login: string; password: string }): Promise<TokenPair & { user: Me }>;
    register(input: { username: string; email: string; password: string }): Promise<TokenPair & { user: Me }>;
    refresh(input: { refreshToken: string }): Promise<TokenPair>;
    logout(input: { refreshToken: string }): Promise<unknown>;
    me(): Promise<Me>;
  };
  readonly secondFactor: {
    signIn(input: { challenge: string; code: string }): Promise<TokenPair & { user: Me }>;
  };
}

export interface AccountDeps<Api extends IdentityApi> {
  /** A client that sends the given access token, or none. */
  readonly client: (accessToken: () => string | undefined) => Api;
  readonly store: TokenStore;
  readonly nowMs: () => number;
}

const tokenProblems = ['token_expired', 'token_invalid', 'token_reused', 'unauthenticated'];
const isTokenProblem = (error: unknown): boolean => tokenProblems.includes(problemOf(error).code);

function challengeOf(error: unknown): string | null {
  if (problemOf(error).code !== 'second_factor_required') return null;
  // The client's errors carry the details of the one error shape as `data`.
  const details = typeof error === 'object' && error !== null && 'data' in error ? error.data : undefined;
  return secondFactorChallenge.safeParse(details).data?.challenge ?? null;
}

/** The sign-in of this browser. Refresh tokens work once: all tabs share them, and only one of them renews at a time. */
export class Account<Api extends IdentityApi> {
  private readonly deps: AccountDeps<Api>;
  private readonly api: Api;
  private readonly subscribers = new Set<() => void>();
  private view: AccountView = { status: 'unknown' };
  private refreshing: Promise<void> | null = null;

  constructor(deps: AccountDeps<Api>) {
    this.deps = deps;
    this.api = deps.client(() => this.tokens()?.accessToken);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.subscribers.add(listener);
    return () => this.subscribers.delete(listener);
  };
  readonly snapshot = (): AccountView => this.view;

  /** Finds out who is signed in; also after another tab has signed in or out. */
  async open(): Promise<void> {
    if (!this.tokens()) return this.set({ status: 'signedOut' });
    try {
      const user = await this.call((api) => api.auth.me());
      this.set({ status: 'signedIn', user });
    } catch {
      // `call` has signed out if the tokens are no good; else the api can't be reached and the next visit tells.
      if (this.view.status === 'unknown') this.set({ status: 'signedOut' });
    }
  }

  /** Answers null when signed in, or the challenge of an account whose second factor is asked for next. */
  async signIn(login: string, password: string): Promise<string | null> {
    try {
      this.accept(await this.api.auth.login({ login, password }));
      return null;
    } catch (error) {
      const challenge = challengeOf(error);
      if (challenge === null) throw error;
      return challenge;
    }
  }

  /** @param code Of the authenticator app, or a recovery code. */
  async signInWithCode(challenge: string, code: string): Promise<void> {
    this.accept(await this.api.secondFactor.signIn({ challenge, code }));
  }

  async register(input: { username: string; email: string; password: string }): Promise<void> {
    this.accept(await this.api.auth.register(input));
  }

  async signOut(): Promise<void> {
    const refreshToken = this.tokens()?.refreshToken;
    this.forget();
    // The tokens are gone here whatever the api says.
    if (refreshToken) await this.api.auth.logout({ refreshToken }).catch(() => undefined);
  }

  /** An access token that is good for some time yet; undefined when nobody is signed in or the api can't be reached. */
  async freshToken(): Promise<string | undefined> {
    try {
      await this.refreshIf((tokens) => needsRefresh(tokens, this.deps.nowMs()));
    } catch {
      return undefined;
    }
    return this.tokens()?.accessToken;
  }

  /** Calls the api as the signed-in user, or as nobody; an expired token is renewed first and the call repeated once. */
  async call<T>(request: (api: Api) => Promise<T>): Promise<T> {
    await this.refreshIf((tokens) => needsRefresh(tokens, this.deps.nowMs()));
    const used = this.tokens()?.accessToken;
    try {
      return await request(this.api);
    } catch (error) {
      if (used === undefined || !isTokenProblem(error)) throw error;
      await this.refreshIf(({ accessToken }) => accessToken === used);
      return await request(this.api);
    }
  }

  /** Asks for what anybody may see, as the signed-in user if possible: a sign-in that is no good doesn't hide it. */
  async read<T>(request: (api: Api) => Promise<T>): Promise<T> {
    try {
      return await this.call(request);
    } catch (error) {
      const isAccountProblem = isTokenProblem(error) || problemOf(error).code === 'account_banned';
      if (!isAccountProblem) throw error;
      return request(this.deps.client(() => undefined));
    }
  }

  private tokens(): StoredTokens | null {
    return parseTokens(this.deps.store.read());
  }

  private refreshIf(isDue: (tokens: StoredTokens) => boolean): Promise<void> {
    const due = (): StoredTokens | null => {
      const tokens = this.tokens();
      return tokens && isDue(tokens) ? tokens : null;
    };
    if (!due()) return this.refreshing ?? Promise.resolve();
    this.refreshing ??= this.deps.store
      .exclusively(async () => {
        // Another tab may have renewed them while this one waited.
        const tokens = due();
        if (tokens) await this.refresh(tokens);
      })
      .finally(() => (this.refreshing = null));
    return this.refreshing;
  }

  private async refresh({ refreshToken }: StoredTokens): Promise<void> {
    try {
      this.keep(await this.api.auth.refresh({ refreshToken }));
    } catch (error) {
      const { code } = problemOf(error);
      if (isTokenProblem(error) || code === 'account_banned') this.forget();
      throw error;
    }
  }

  private accept(answer: TokenPair & { user: Me }): void {
    this.keep(answer);
    this.set({ status: 'signedIn', user: answer.user });
  }

  private keep(pair: TokenPair): void {
    this.deps.store.write(JSON.stringify(storedOf(pair, this.deps.nowMs())));
  }

  private forget(): void {
    this.deps.store.write(null);
    this.set({ status: 'signedOut' });
  }

  private set(view: AccountView): void {
    this.view = view;
    for (const listener of this.subscribers) listener();
  }
}
