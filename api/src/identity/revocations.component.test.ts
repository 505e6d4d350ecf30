import { createRedis, type Redis } from '@maydan/common';
import { waitUntil } from '@maydan/infra';
import { AccessTokens } from './AccessTokens.ts';
import { SignInRevocations } from './SignInRevocations.ts';
import type { TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
let subscriber: Redis;
let revocations: SignInRevocations;
const heard: string[] = [];

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  subscriber = createRedis(backend.redisUrl, backend.logger, { maxWaitMs: null });
  revocations = new SignInRevocations(backend.redis, subscriber, backend.logger);
  await revocations.listen((ids) => void heard.push(...ids));
});
afterAll(async () => {
  subscriber?.disconnect();
  await backend?.close();
});

const signInOf = (accessToken: string): string =>
  new AccessTokens('a'.repeat(20) + 'b'.repeat(20)).verify(accessToken).sid;

/** Whether it is kept for processes that hear nothing at the moment. */
const isKept = async (signInId: string): Promise<boolean> =>
  (await backend.redis.zscore('maydan:api:signInsEnded:recent', signInId)) !== null;

/** Waits until another process has heard of the end, and asks whether it is kept. */
async function isTold(signInId: string): Promise<boolean> {
  await waitUntil('the end', () => heard.includes(signInId), 60_000);
  return isKept(signInId);
}

describe('an ended sign-in', () => {
  it('is known to every process after logout, once', async () => {
    const { accessToken, refreshToken, client } = await api.register();
    const id = signInOf(accessToken);
    expect(await isKept(id)).toBe(false);
    await client.auth.logout({ refreshToken });
    expect(await isTold(id)).toBe(true);
    await client.auth.logout({ refreshToken });
    const { accessToken: other, refreshToken: last } = await api.register();
    await client.auth.logout({ refreshToken: last });
    expect(await isTold(signInOf(other))).toBe(true);
    expect(heard.filter((known) => known === id)).toHaveLength(1);
  });

  it('is known after revocation', async () => {
    const { accessToken, client } = await api.register();
    await client.auth.revokeSignIn({ id: signInOf(accessToken) });
    expect(await isTold(signInOf(accessToken))).toBe(true);
  });

  it('is known after a refresh token was used twice', async () => {
    const { accessToken, refreshToken } = await api.register();
    await api.client.auth.refresh({ refreshToken });
    await expect(api.client.auth.refresh({ refreshToken })).rejects.toMatchObject({ code: 'token_reused' });
    expect(await isTold(signInOf(accessToken))).toBe(true);
  });

  it('is heard of by a process whose connection was lost meanwhile', async () => {
    const { accessToken, refreshToken, client } = await api.register();
    subscriber.disconnect();
    await waitUntil('the loss', () => subscriber.status === 'end', 60_000);
    await client.auth.logout({ refreshToken });
    expect(heard).not.toContain(signInOf(accessToken));
    await subscriber.connect();
    expect(await isTold(signInOf(accessToken))).toBe(true);
  });

  it('is forgotten once every access token of it has expired', async () => {
    const old = '0192f0c1-0000-7000-8000-00000000000a';
    await revocations.tell([old], Date.now() - 21 * 60_000);
    expect(await isKept(old)).toBe(true);
    await revocations.tell(['0192f0c1-0000-7000-8000-00000000000b']);
    expect(await isKept(old)).toBe(false);
  });

  it('is no word of another kind', async () => {
    await backend.redis.publish('maydan:api:signInsEnded', '{"a":1');
    await backend.redis.publish('maydan:api:signInsEnded', '["no id"]');
    const { refreshToken, accessToken, client } = await api.register();
    await client.auth.logout({ refreshToken });
    expect(await isTold(signInOf(accessToken))).toBe(true);
    expect(heard).not.toContain('no id');
  });
});
