import { restMs, retryMs, wishedMs } from './backOff.ts';
import { signMessage } from './signature.ts';
import { WebhookSecrets } from './WebhookSecrets.ts';

it('signs as Standard Webhooks does', () => {
  const message = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestampSec: 1_614_265_330,
    body: Buffer.from('{"test": 2432232314}'),
  };
  expect(signMessage('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', message)).toBe(
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

it('tries eleven times in more than a day, ever later, and leaves a dead endpoint alone for five minutes at most', () => {
  const waits = Array.from({ length: 11 }, (_, at) => retryMs(at + 1, 5_000, 0));
  expect(waits.at(-1)).toBeNull();
  const sum = waits.reduce<number>((total, wait) => total + (wait ?? 0), 0);
  expect(sum / 3_600_000).toBeGreaterThan(24);
  expect(waits.slice(0, 10)).toEqual(
    [...waits.slice(0, 10)].sort((one, other) => Number(one) - Number(other)),
  );
  expect(retryMs(1, 5_000, 1)).toBe(5_500);
  expect([restMs(1, 5_000), restMs(3, 5_000), restMs(1_000, 5_000)]).toEqual([5_000, 20_000, 300_000]);
});

it('leaves an endpoint alone as long as it asks for with 429 or 503, an hour at most', () => {
  expect([wishedMs(429, 90), wishedMs(503, 5), wishedMs(503, 1_000_000)]).toEqual([90_000, 5_000, 3_600_000]);
  expect([wishedMs(429, null), wishedMs(500, 90), wishedMs(302, 90)]).toEqual([0, 0, 0]);
});

it('keeps secrets for their endpoint alone', () => {
  const secrets = new WebhookSecrets('a'.repeat(40));
  const { secret, sealedSecret } = secrets.create('one');
  expect(Buffer.from(secret.slice('whsec_'.length), 'base64').length).toBe(32);
  expect(sealedSecret).not.toContain(secret.slice('whsec_'.length));
  const message = { id: 'm', timestampSec: 1, body: Buffer.from('{}') };
  expect(secrets.sign('one', [sealedSecret, sealedSecret], message).split(' ')).toEqual([
    signMessage(secret, message),
    signMessage(secret, message),
  ]);
  expect(() => secrets.sign('two', [sealedSecret], message)).toThrow();
  expect(() => new WebhookSecrets('b'.repeat(40)).sign('one', [sealedSecret], message)).toThrow();
});
