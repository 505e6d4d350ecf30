import type { Me } from '@maydan/contracts';
import { Account } from './Account.ts';
import { needsRefresh, parseTokens, storedOf } from './tokens.ts';

const pair = (n: number) => ({ accessToken: `a${n}`, refreshToken: `r${n}`, expiresInSec: 600 });

/** A store of one browser, as several tabs see it. */
function browserStore() {
  let text: string | null = null;
  let queue: Promise<unknown> = Promise.resolve();
  return {
    read: () => text,
    write: (next: string | null) => void (text = next),
    exclusively<T>(work: () => Promise<T>): Promise<T> {
      const run = queue.then(work);
      queue = run.catch(() => undefined);
      return run;
    },
  };
}

const fail = (code: string): never => {
  throw Object.assign(new Error(code), { code });
};
const me: Me = {
  avatar: null,
  cover: null,
  id: '00000000-0000-4000-8000-000000000001',
  username: 'me',
  email: 'me@maydan.test',
  phone: null,
  displayName: 'Me',
  bio: '',
  role: 'user',
  language: null,
  theme: 'system',
  emailVerified: false,
  privacy: { messagesFrom: 'everyone', presenceFor: 'everyone', foundByEmail: false, foundByPhone: false },
  hasPassword: true,
  hasGoogle: false,
  hasSecondFactor: false,
  createdAt: '2026-01-01T00:00:00.000Z',
};

/** What the identity part of the api does: access tokens of the newest pair are good, refresh tokens work once. */
function identity() {
  let newest = 1;
  const renewals: string[] = [];
  const client = (accessToken: () => string | undefined) => ({
    auth: {
      login: async ({ login }: { login: string }) => {
        const challenge = { challenge: 'c'.repeat(20), expiresInSec: 300 };
        if (login === 'careful')
          throw Object.assign(new Error(), { code: 'second_factor_required', data: challenge });
        return { ...pair(newest), user: me };
      },
      register: async () => fail('already_taken'),
      logout: async () => undefined,
      refresh: async ({ refreshToken }: { refreshToken: string }) => {
        renewals.push(refreshToken);
        if (refreshToken !== `r${newest}`) fail('token_reused');
        newest += 1;
        return pair(newest);
      },
      me: async () => (accessToken() === `a${newest}` ? me : fail('token_expired')),
    },
    secondFactor: {
      signIn: async ({ challenge, code }: { challenge: string; code: string }) =>
        challenge === 'c'.repeat(20) && code === '123456'
          ? { ...pair(newest), user: me }
          : fail('code_invalid'),
    },
  });
  return { client, renewals };
}

describe('stored tokens', () => {
  it('are renewed a little before they expire', () => {
    const tokens = storedOf(pair(1), 1_000);
    expect(needsRefresh(tokens, 1_000)).toBe(false);
    expect(needsRefresh(tokens, 1_000 + 570_000)).toBe(true);
  });

  it('are read back, and anything else is nothing', () => {
    const tokens = storedOf(pair(1), 1_000);
    expect(parseTokens(JSON.stringify(tokens))).toEqual(tokens);
    expect(['{', '[]', '{"accessToken":1}', 'null'].map(parseTokens)).toEqual([null, null, null, null]);
  });
});

describe('Account', () => {
  function tabs(nowMs: () => number) {
    const store = browserStore();
    const api = identity();
    const open = () => new Account({ client: api.client, store, nowMs });
    store.write(JSON.stringify(storedOf(pair(1), 0)));
    return { store, api, open };
  }

  it('renews once for any number of calls in any number of tabs', async () => {
    const { api, open } = tabs(() => 590_000);
    const [one, two] = [open(), open()];
    const ask = (tab: typeof one) => tab.call((client) => client.auth.me());
    await Promise.all([ask(one), ask(one), ask(two), two.freshToken()]);
    expect(api.renewals).toEqual(['r1']);
  });

  it('repeats a call once after the api has found the token expired', async () => {
    const { store, api, open } = tabs(() => 0);
    store.write(JSON.stringify({ ...storedOf(pair(1), 0), accessToken: 'old' }));
    expect(await open().call((client) => client.auth.me())).toEqual(me);
    expect(api.renewals).toEqual(['r1']);
  });

  it('knows who signed in, and forgets on signing out', async () => {
    const { store, open } = tabs(() => 0);
    const account = open();
    expect(await account.signIn('me', 'secret')).toBeNull();
    expect(account.snapshot()).toEqual({ status: 'signedIn', user: me });
    await account.signOut();
    expect([account.snapshot(), store.read()]).toEqual([{ status: 'signedOut' }, null]);
  });

  it('is signed in by password and code where a second factor is on', async () => {
    const { store, open } = tabs(() => 0);
    store.write(null);
    const account = open();
    const challenge = (await account.signIn('careful', 'secret')) ?? '';
    expect(store.read()).toBeNull();
    await expect(account.signInWithCode(challenge, '000000')).rejects.toMatchObject({ code: 'code_invalid' });
    expect(store.read()).toBeNull();
    await account.signInWithCode(challenge, '123456');
    expect(account.snapshot()).toEqual({ status: 'signedIn', user: me });
  });

  it('is signed out when its refresh token is no good, and says so', async () => {
    const { store, open } = tabs(() => 590_000);
    store.write(JSON.stringify({ ...storedOf(pair(1), 0), refreshToken: 'stolen' }));
    const account = open();
    await account.open();
    expect(account.snapshot()).toEqual({ status: 'signedOut' });
    expect(store.read()).toBeNull();
  });

  it('reads as nobody what anybody may see when its tokens are no good', async () => {
    const { store, open } = tabs(() => 590_000);
    store.write(JSON.stringify({ ...storedOf(pair(1), 0), refreshToken: 'stolen' }));
    const account = open();
    expect(await account.read(async () => 'the page')).toBe('the page');
    expect(account.snapshot()).toEqual({ status: 'signedOut' });
    await expect(account.read(async () => fail('not_found'))).rejects.toMatchObject({ code: 'not_found' });
  });
});
