import { createApiClient } from '@maydan/contracts';
import { Secret, TOTP } from 'otpauth';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser/index.ts';
import { Publisher } from '../support/publish/Publisher.ts';
import { waitFor } from '../support/waitFor.ts';
import { useStack } from '../support/useStack.ts';

const pattern = { width: 320, height: 180, frameRate: 25, durationSec: 20 };
const refusedWithinMs = 10_000;

/** Nobody gets in where they don't belong. */
describe('people who are refused', () => {
  const used = useStack({ env: { GRACE_PERIOD_MS: '3000' } });
  let browser: Browser | undefined;
  afterAll(() => browser?.close());

  const publish = (options: Parameters<typeof used.publish>[1]): Publisher => used.publish(pattern, options);

  /** The connection is closed long before the twenty seconds of media are over, and no session starts. */
  async function expectRefused(publisher: Publisher): Promise<void> {
    const startedAt = Date.now();
    const exit = await publisher.exited;
    expect(exit.code).not.toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(refusedWithinMs);
    const { live } = await used.stack.visitor.channels.get({ username: used.stack.broadcasterName });
    expect(live).toBeNull();
  }

  it('have a wrong key', async () => {
    await expectRefused(publish({ key: `${used.stack.streamKey}x` }));
    expect(await used.stack.log('ingest')).not.toContain(used.stack.streamKey);
  }, 30_000);

  it('name an unknown application', async () => {
    await expectRefused(publish({ app: 'private' }));
  }, 30_000);

  it('have a rotated or a revoked key', async () => {
    const api = await used.stack.broadcaster();
    const made = await api.streamKeys.create({ label: 'second' });
    const rotated = await api.streamKeys.rotate({ id: made.id });
    await expectRefused(publish({ key: made.key }));
    await api.streamKeys.revoke({ id: rotated.id });
    await expectRefused(publish({ key: rotated.key }));
  }, 60_000);

  it('are dropped in mid-stream when their key is revoked', async () => {
    const api = await used.stack.broadcaster();
    const made = await api.streamKeys.create({ label: 'third' });
    const publisher = publish({ key: made.key, tls: true });
    const session = await used.stack.waitForLive();
    await api.streamKeys.revoke({ id: made.id });
    await publisher.exited;
    const ended = await used.stack.waitForState(session.id, 'ended', 30_000);
    expect(ended.endReason).toBe('sourceGone');
  }, 60_000);

  it('are dropped in mid-stream when their account is banned, and refused until it is let in again', async () => {
    const { username, password } = used.stack.user('admin');
    const { accessToken, refreshToken } = await used.stack.visitor.auth.login({ login: username, password });
    const admin = createApiClient({ baseUrl: used.stack.web, accessToken: () => accessToken });
    const owner = await used.stack.broadcaster();
    const { id } = await owner.auth.me();
    const { key } = await owner.streamKeys.create({ label: 'fourth' });
    const publisher = publish({ key });
    const session = await used.stack.waitForLive();
    await admin.platformModeration.ban({ id, reason: 'spam', durationSec: null });
    const bannedAt = Date.now();
    await publisher.exited;
    expect(Date.now() - bannedAt).toBeLessThan(5_000);
    expect((await publish({ key }).exited).code).not.toBe(0);
    await admin.platformModeration.unban({ id });
    await admin.auth.logout({ refreshToken });
    await used.stack.waitForState(session.id, 'ended', 30_000);
  }, 60_000);

  it('play by RTMP without a relay token', async () => {
    const publisher = publish({});
    const session = await used.stack.waitForLive();
    const player = Publisher.run([
      '-rw_timeout',
      '5000000',
      '-i',
      used.stack.publishUrl(),
      '-t',
      '1',
      '-f',
      'null',
      '-',
    ]);
    used.own(player);
    expect((await player.exited).code).not.toBe(0);
    const relay = await fetch(`${used.stack.stack.addresses.relay}/relay/${session.id}/1.flv`);
    expect(relay.status).toBe(401);
    expect(await relay.json()).toMatchObject({
      error: { code: expect.stringMatching(/token|unauthenticated/) as string },
    });
    await publisher.stop();
    await waitFor('the end of the session', async () => {
      const { live } = await used.stack.visitor.channels.get({ username: used.stack.broadcasterName });
      return live === null;
    });
  }, 60_000);

  it('leave no secret in any log', async () => {
    for (const part of ['api', 'ingest', 'workers', 'sfu']) {
      const text = await used.stack.log(part);
      expect(text).not.toContain(used.stack.streamKey);
      expect(text).not.toContain(used.stack.user('broadcaster').password);
      expect(text).not.toContain(used.stack.stack.secrets.internalSecret);
    }
  });

  it('ask the internal route of the api without a token', async () => {
    const response = await fetch(`${used.stack.web}/internal/ingest/authorize`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        app: 'live',
        streamKey: used.stack.streamKey,
        connectionId: 'x',
        remoteAddress: '127.0.0.1',
      }),
    });
    expect(response.status).toBe(401);
    const client = createApiClient({ baseUrl: used.stack.web, accessToken: () => 'nonsense' });
    await expect(client.streamKeys.list({})).rejects.toMatchObject({ code: 'token_invalid', status: 401 });
  });

  it('know the password but not the code of the second factor, until they give a recovery code', async () => {
    const owner = await used.stack.signIn('admin');
    const { username, password } = used.stack.user('admin');
    const { secret } = await owner.secondFactor.begin({ password });
    const shown = new TOTP({ secret: Secret.fromBase32(secret) }).generate();
    const { recoveryCodes } = await owner.secondFactor.confirm({ code: shown });
    browser = await launchBrowser();
    const page = await browser.newPage();
    await page.goto(`${used.stack.web}/studio`);
    const submit = page.getByTestId('account-submit');
    await page.getByTestId('account-login').fill(username);
    await page.getByTestId('account-password').fill(password);
    await submit.click();
    const code = page.getByTestId('account-code');
    await code.fill('recovery');
    await submit.click();
    await page.getByTestId('account-problem').filter({ hasText: /\S/ }).waitFor();
    await code.fill(recoveryCodes[0] ?? '');
    await submit.click();
    await page.getByTestId('second-factor').waitFor({ state: 'detached' });
    expect(await page.getByTestId('sign-in').count()).toBe(0);
    expect((await owner.auth.listSignIns()).items).toHaveLength(2);
  }, 60_000);
});
