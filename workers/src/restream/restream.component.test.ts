import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { restreamLeaseKey } from '@maydan/contracts';
import { localCertificate, waitUntil } from '@maydan/infra';
import { standStill } from '../testing/standStill.ts';
import type { RtmpMessage } from './rtmp/chunks.ts';
import { FrameRelay } from './testing/FrameRelay.ts';
import { RestreamStack } from './testing/RestreamStack.ts';
import { RtmpTarget, type TargetManner } from './testing/RtmpTarget.ts';
import { defaultPushLimits } from './TargetPush.ts';

let stack: RestreamStack;
let relay: FrameRelay;
let targets: RtmpTarget[];
beforeEach(async () => {
  [stack, relay, targets] = [await RestreamStack.start(), await FrameRelay.start(), []];
});
afterEach(async () => {
  await stack.close();
  await Promise.all(targets.map((target) => target.close()));
  await relay.close();
});

async function target(manner?: TargetManner, fourCcs?: readonly string[]): Promise<RtmpTarget> {
  const started = await RtmpTarget.start(manner, fourCcs);
  targets.push(started);
  return started;
}

const source = (epoch = 1) => ({ relayUrl: relay.urlOf(stack.sessionId, epoch), epoch });
const patience = 30_000;
/** Of the sound that a target got, which comes with each picture. */
const soundOf = ({ visits }: RtmpTarget): RtmpMessage[] =>
  (visits[0]?.media ?? []).filter(({ type, payload }) => type === 8 && payload[1] === 1);
const isWhole = (sound: readonly RtmpMessage[]): boolean =>
  sound.every(({ timestampMs }, at) => timestampMs === at * 40);

describe('a restream', () => {
  it('brings picture and sound to each target, untouched and in order, and says how it goes', async () => {
    const [first, second] = [await target(), await target()];
    const wanted = [
      stack.target(first.url, 'key-one-secret'),
      stack.target(`${second.url}/deep?x=1`, 'key-two'),
    ];
    await stack.control(source());
    const session = stack.begin();
    await waitUntil(
      'the media',
      () => targets.every(({ visits }) => (visits[0]?.media.length ?? 0) > 60),
      patience,
    );
    const media = first.visits[0]?.media ?? [];
    expect(media.slice(0, 2).map(({ payload }) => [...payload.subarray(0, 2)])).toEqual([
      ...[
        [0x17, 0],
        [0xaf, 0],
      ],
    ]);
    // From 0 on, although the publisher's own times wrapped meanwhile.
    const times = media
      .filter(({ type, payload }) => type === 9 && payload[1] === 1)
      .map((one) => one.timestampMs);
    expect(times.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, at) => at * 40));
    const names = first.visits[0]?.commands.map(([name]) => name);
    expect(names).toEqual(['connect', 'releaseStream', 'FCPublish', 'createStream', 'publish']);
    expect(first.visits[0]?.commands[0]?.[2]).toMatchObject({ app: 'live', tcUrl: first.url });
    expect(second.visits[0]?.commands[0]?.[2]).toMatchObject({ app: 'live/deep?x=1' });
    expect(first.visits[0]?.commands[4]).toEqual(['publish', 5, null, 'key-one-secret', 'live']);
    const [report] = await Promise.all(
      wanted.map((one) => stack.reported(one, 'bytes', ({ byteLength }) => byteLength > 5_000)),
    );
    expect(report).toMatchObject({ state: 'live', reason: null, failures: 0, sessionId: stack.sessionId });
    await waitUntil('the facts', async () => new Set(await stack.told()).size === 2, patience);
    await stack.control(null, 'stop');
    expect(await session.finished).toBe('ended');
    await waitUntil('the farewell', () => first.visits[0]?.isOpen === false, patience);
    expect(first.visits[0]?.commands.slice(5).map(([name]) => name)).toEqual(['FCUnpublish', 'deleteStream']);
    for (const one of wanted) expect(await stack.report(one)).toBeNull();
    expect(await stack.redis.get(restreamLeaseKey(stack.sessionId))).toBeNull();
    expect(stack.log).not.toMatch(/key-one-secret|key-two/);
  }, 60_000);

  it('goes on to the good ones while others hang, refuse or are not there', async () => {
    relay.frameBytes = 100_000;
    const good = await target();
    const [silent, hanging, rejecting, closing] = [
      ...[await target('isSilent'), await target('stopsReading')],
      ...[await target('rejects'), await target('closesAtKey')],
    ] as const;
    // A port that nobody can get meanwhile.
    const absentUrl = 'rtmp://127.0.0.1:1/live';
    stack.target(good.url, 'a-secret-key');
    const tried = [silent.url, hanging.url, absentUrl].map((url) => stack.target(url, 'a-secret-key'));
    const refused = [rejecting.url, closing.url].map((url) => stack.target(url, 'a-secret-key'));
    const unreadable = stack.target(good.url, null);
    await stack.control(source());
    stack.begin();
    const codes = await Promise.all(
      tried.map((one) =>
        stack.reported(one, 'a reason', ({ reason, failures }) => reason !== null && failures > 1),
      ),
    );
    expect(codes.map(({ reason }) => reason?.code)).toEqual(['stalled', 'stalled', 'unreachable']);
    for (const one of [...refused, unreadable]) {
      const { reason, failures } = await stack.reported(
        one,
        'the last try',
        ({ state }) => state === 'failed',
      );
      const isRefused = one !== unreadable;
      expect([reason?.code, failures]).toEqual(isRefused ? ['rejected', 4] : ['keyUnreadable', 1]);
    }
    expect(rejecting.visits).toHaveLength(4);
    // The good one had one connection all the time, without a gap.
    await waitUntil('sound', () => soundOf(good).length > 50, patience);
    expect(isWhole(soundOf(good))).toBe(true);
    expect(good.visits).toHaveLength(1);
    const others = targets.filter((one) => one !== hanging);
    // Who doesn't read doesn't see either that a connection has ended.
    expect(Math.max(...others.map(({ mostAtOnce }) => mostAtOnce))).toBe(1);
    expect(stack.log).not.toContain('a-secret-key');
  }, 90_000);

  it('gives a target up that takes less than is sent, and nothing else waits for it', async () => {
    relay.frameBytes = 300_000;
    // Linux tells of room only once a sixteenth of a receive buffer is free, which may be 2 MiB: seconds of a slow target.
    stack.limits = { ...defaultPushLimits, waitingBytes: 8 * 2 ** 20 };
    const [good, slow] = [await target(), await target('readsSlowly')];
    const [fast, wanted] = [stack.target(good.url), stack.target(slow.url)];
    await stack.control(source());
    stack.begin();
    const { reason } = await stack.reported(wanted, 'a reason', (report) => report.reason !== null);
    expect(reason?.code).toBe('tooSlow');
    await waitUntil('another try', () => slow.visits.length > 1, patience);
    expect(slow.visits[0]?.media.length).toBeGreaterThan(0);
    await waitUntil('sound', () => soundOf(good).length > 25, patience);
    expect(isWhole(soundOf(good))).toBe(true);
    expect(good.visits).toHaveLength(1);
    expect(await stack.report(fast)).toMatchObject({ state: 'live', reason: null, failures: 0 });
    // Who publishes, and all others who play that, feel nothing: it isn't the relay where things wait.
    expect(relay.mostWaiting).toBeLessThan(3 * relay.frameBytes);
  }, 60_000);

  it('blames no target for the time in which it stood still itself', async () => {
    const only = await target();
    const wanted = stack.target(only.url);
    only.onVisit = () => standStill(stack.limits.answerMs + 500);
    await stack.control(source());
    stack.begin();
    await waitUntil('media', () => soundOf(only).length > 5, patience);
    expect(only.visits).toHaveLength(1);
    const report = await stack.reported(wanted, 'media', ({ state }) => state === 'live');
    expect(report).toMatchObject({ reason: null, failures: 0 });
  }, 60_000);

  it('comes back when a target or the publisher does, and follows what is switched', async () => {
    const [one, other] = [await target(), await target()];
    const wanted = stack.target(one.url);
    await stack.control(source(1));
    stack.begin();
    await stack.reported(wanted, 'media', ({ state }) => state === 'live');
    one.reset();
    await waitUntil('the next connection', () => (one.visits[1]?.media.length ?? 0) > 5, patience);
    await stack.control(null);
    await stack.reported(wanted, 'a rest', ({ state }) => state === 'idle');
    await stack.control(source(2));
    await waitUntil('the third connection', () => (one.visits[2]?.media.length ?? 0) > 5, patience);
    // Another address, under a new version.
    stack.wanted = [{ ...wanted, url: other.url, version: 2 }];
    await stack.announce();
    await waitUntil('the other target', () => (other.visits[0]?.media.length ?? 0) > 5, patience);
    expect(one.visits.map(({ isOpen }) => isOpen)).toEqual([false, false, false]);
    stack.wanted = [];
    await stack.announce();
    await waitUntil(
      'the end',
      async () => other.visits[0]?.isOpen === false && (await stack.report(wanted)) === null,
      patience,
    );
    expect(other.visits).toHaveLength(1);
  }, 60_000);

  it('goes on when the publisher is taken over: the next publish at once, no failure', async () => {
    const only = await target();
    const wanted = stack.target(only.url);
    await stack.control(source(1));
    stack.begin();
    await waitUntil('media', () => (only.visits[0]?.media.length ?? 0) > 20, patience);
    await stack.control(source(2));
    await waitUntil('media of the next one', () => (only.visits[1]?.media.length ?? 0) > 20, patience);
    expect(only.visits[0]?.commands.at(-1)?.[0]).toBe('deleteStream');
    expect(only.mostAtOnce).toBe(1);
    const report = await stack.reported(wanted, 'media', ({ state }) => state === 'live');
    expect(report).toMatchObject({ reason: null, failures: 0 });
    // The target's picture begins anew, by a configuration and a key frame.
    expect(only.visits[1]?.media.find(({ type }) => type === 9)?.payload.subarray(0, 2)).toEqual(
      Buffer.from([0x17, 0]),
    );
  }, 60_000);

  it('is sent over TLS to who has the name’s certificate of an authority that is trusted, and to nobody else', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'maydan-certificate-'));
    const trusted = getCACertificates('default');
    try {
      const { keyFile, certFile } = await localCertificate(dir);
      const certificate = { key: await readFile(keyFile, 'utf8'), cert: await readFile(certFile, 'utf8') };
      const secure = await RtmpTarget.start('takes', [], certificate);
      targets.push(secure);
      const wanted = stack.target(secure.url);
      await stack.control(source());
      stack.begin();
      const failed = await stack.reported(wanted, 'the end', ({ state }) => state === 'failed');
      // Node looks at the certificate once the connection stands: nothing was said yet.
      const spoken = () => secure.visits.filter(({ commands }) => commands.length > 0);
      expect([failed.reason?.code, spoken()]).toEqual(['certificate', []]);
      // As NODE_EXTRA_CA_CERTS does when a process begins.
      setDefaultCACertificates([...trusted, certificate.cert]);
      const misnamed = stack.target(secure.url.replace('127.0.0.1', '[::ffff:127.0.0.1]'));
      stack.wanted = [{ ...wanted, version: 2 }, misnamed];
      await stack.announce();
      await waitUntil('media over TLS', () => (spoken()[0]?.media.length ?? 0) > 20, patience);
      const { reason } = await stack.reported(misnamed, 'the end', ({ state }) => state === 'failed');
      expect(reason?.code).toBe('certificate');
      expect(spoken()).toHaveLength(1);
    } finally {
      setDefaultCACertificates(trusted);
      await rm(dir, { recursive: true, force: true });
    }
  }, 60_000);

  it('goes to no address that is not public', async () => {
    stack.allowPrivate = false;
    // Who answers for names may take its time.
    stack.limits = { ...stack.limits, answerMs: 25_000 };
    const inside = await target();
    const wanted = [inside.url, inside.url.replace('127.0.0.1', '[::ffff:127.0.0.1]')].map((url) =>
      stack.target(url),
    );
    const byName = stack.target(inside.url.replace('127.0.0.1', 'a.localhost'));
    await stack.control(source());
    stack.begin();
    for (const one of wanted) {
      const { reason } = await stack.reported(one, 'the refusal', ({ state }) => state === 'failed');
      expect(reason?.code).toBe('addressRefused');
    }
    const { reason } = await stack.reported(byName, 'the refusal', (report) => report.reason !== null);
    expect(['addressRefused', 'nameNotFound']).toContain(reason?.code);
    expect(inside.visits).toEqual([]);
  }, 60_000);

  it('is of one run at a time: the next one begins when the first has left', async () => {
    const only = await target();
    const wanted = stack.target(only.url);
    await stack.control(source());
    const first = stack.begin();
    await stack.reported(wanted, 'media', ({ state }) => state === 'live');
    stack.begin();
    await waitUntil('more media', () => (only.visits[0]?.media.length ?? 0) > 100, patience);
    expect(only.visits).toHaveLength(1);
    // Its lease is another's: not a byte more, not even a farewell.
    await stack.redis.set(restreamLeaseKey(stack.sessionId), 'somebody else');
    await waitUntil('the cut', () => only.visits[0]?.isOpen === false, patience);
    await stack.redis.del(restreamLeaseKey(stack.sessionId));
    expect(only.visits[0]?.commands.some(([name]) => name === 'deleteStream')).toBe(false);
    await waitUntil('the next run', () => (only.visits[1]?.media.length ?? 0) > 20, patience);
    expect(only.mostAtOnce).toBe(1);
    first.leave();
    expect(await first.finished).toBe('left');
  }, 60_000);

  it('gives newer codecs to targets that say they take them', async () => {
    relay.codec = 'hevc';
    const [takes, doesNot] = [await target('takes', ['hvc1']), await target()];
    const [good, bad] = [stack.target(takes.url), stack.target(doesNot.url)];
    await stack.control(source());
    stack.begin();
    await waitUntil('HEVC', () => (takes.visits[0]?.media.length ?? 0) > 20, patience);
    expect((await stack.reported(good, 'media', ({ state }) => state === 'live')).reason).toBeNull();
    const { reason } = await stack.reported(bad, 'the refusal', ({ state }) => state === 'failed');
    expect(reason?.code).toBe('codecUnsupported');
    expect(doesNot.visits[0]?.media.filter(({ type }) => type === 9)).toEqual([]);
  }, 60_000);
});
