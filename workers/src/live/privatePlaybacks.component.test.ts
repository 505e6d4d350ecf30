import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRedis, mintPlaybackToken, type Redis } from '@maydan/common';
import { bannedFromPlayback, playbackKeys, type PlaybackNews } from '@maydan/contracts';
import { startRedis, waitUntil, type EmbeddedRedis } from '@maydan/infra';
import { MapMedia, OriginHarness, type Reply } from '../origin/testing/originHarness.ts';
import { ControlChannel } from './ControlWatcher.ts';
import { PrivatePlaybacks } from './PrivatePlaybacks.ts';

const secret = 's'.repeat(40);
const ann = '0192f0c1-0000-7000-8000-000000000001';
const bob = '0192f0c1-0000-7000-8000-000000000002';
const hour = 3_600_000;

let dir: string;
let server: EmbeddedRedis;
let redis: Redis;
let subscriber: Redis;
let channel: ControlChannel;
const guards: PrivatePlaybacks[] = [];
const origins: OriginHarness[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'maydan-private-'));
  server = await startRedis({ dir });
  const connect = (): Redis => createRedis(server.url, createLogger('workers', 'silent'));
  [redis, subscriber] = [connect(), connect()];
  channel = new ControlChannel(subscriber);
}, 60_000);
beforeEach(() => redis.flushall());
afterEach(async () => {
  for (const origin of origins.splice(0)) await origin.close();
  for (const guard of guards.splice(0)) guard.close();
});
afterAll(async () => {
  redis?.disconnect();
  subscriber?.disconnect();
  await server?.close();
  await rm(dir, { recursive: true, force: true });
}, 30_000);

/** `refreshMs`: only what is told reaches one that doesn't look. */
async function origin(refreshMs?: number): Promise<OriginHarness> {
  const often = refreshMs === undefined ? {} : { refreshMs };
  const guard = new PrivatePlaybacks({ redis, secret, channel, ...often });
  guards.push(guard);
  const created = await OriginHarness.create(guard);
  origins.push(created);
  return created;
}
const token = (userId: string, playbackId = 'abc', nowMs = Date.now()): string =>
  mintPlaybackToken(secret, { playbackId, userId }, nowMs);
const lease = (userId: string, playbackId = 'abc') =>
  redis.zadd(playbackKeys.leases(playbackId), Date.now() + 60_000, userId);
const refusal = ({ status, text }: Reply): string => `${status} ${/"code":"(\w+)"/.exec(text)?.[1]}`;
const until = (what: string, isSo: () => Promise<boolean>) => waitUntil(what, isSo, 30_000);

it('a private playback is given to nobody without a token and a lease, and kept by no cache', async () => {
  const { get, feed } = await (async () => {
    const one = await origin();
    return { get: (path: string) => one.get(`/hls/abc/${path}`), feed: one.live('abc').feed };
  })();
  feed.segments(3);
  await redis.sadd(playbackKeys.private, 'abc');
  const paths = ['index.m3u8', '720p/index.m3u8', '720p/s1-1.m4s', '720p/s2-1.p0.m4s', 'poster.jpg'];
  for (const path of paths) {
    expect(refusal(await get(path))).toBe('403 session_private');
    expect(refusal(await get(`~${token(ann, 'abd')}/${path}`))).toBe('401 token_invalid');
    expect(refusal(await get(`~x/${path}`))).toBe('401 token_invalid');
    expect(refusal(await get(`~${token(ann)}/${path}`))).toBe('401 token_expired');
  }
  await lease(bob);
  const old = token(bob, 'abc', Date.now() - 24 * hour);
  expect(refusal(await get(`~${old}/index.m3u8`))).toBe('401 token_expired');
  for (const path of paths.slice(0, 4)) {
    const reply = await get(`~${token(bob)}/${path}`);
    expect([path, reply.status, reply.headers['cache-control']]).toEqual([path, 200, 'private, no-store']);
  }
  // Whatever playlists name is relative, so that it has the token, too.
  const { text } = await get(`~${token(bob)}/720p/index.m3u8`);
  const uris = [...text.matchAll(/URI="([^"]+)"/g)]
    .map(([, uri]) => uri ?? '')
    .concat(text.match(/^[^#\n]+$/gm) ?? []);
  expect(uris.length).toBeGreaterThan(3);
  expect(uris.filter((uri) => uri.startsWith('/') || uri.includes(':'))).toEqual([]);
  await redis.zrem(playbackKeys.leases('abc'), bob);
  await until('the refusal', async () => (await get(`~${token(bob)}/index.m3u8`)).status === 401);
});

it('a lease lasts as long as something is played with it, and comes to its end without', async () => {
  const one = await origin();
  one.live('abc').feed.segments(3);
  await redis.sadd(playbackKeys.private, 'abc');
  const path = `/hls/abc/~${token(ann)}/720p/index.m3u8`;
  await redis.zadd(playbackKeys.leases('abc'), Date.now() + 30_000, ann);
  expect((await one.get(path)).status).toBe(200);
  expect(Number(await redis.zscore(playbackKeys.leases('abc'), ann))).toBeGreaterThan(Date.now() + 60_000);
  await redis.zadd(playbackKeys.leases('abc'), Date.now() - 1, ann);
  await until('the end', async () => refusal(await one.get(path)) === '401 token_expired');
});

it('what becomes private is refused on every origin within seconds, and public ones go on', async () => {
  const [owner, other] = [await origin(), await origin()];
  owner.live('abc').feed.segments(3);
  owner.live('open').feed.segments(3);
  other.places.set('abc', { proxyTo: owner.url });
  const statusOf = async (where: OriginHarness, path: string) => (await where.get(path)).status;
  for (const where of [owner, other]) expect(await statusOf(where, '/hls/abc/index.m3u8')).toBe(200);
  // A token does no harm to what is public.
  const held = `/hls/abc/~${token(ann)}/index.m3u8`;
  const before = await other.get(held);
  expect([before.status, before.headers['cache-control']]).toEqual([200, 'public, max-age=1']);
  await redis.sadd(playbackKeys.private, 'abc');
  for (const where of [owner, other])
    await until('the refusal', async () => (await statusOf(where, '/hls/abc/index.m3u8')) === 403);
  await lease(ann);
  for (const where of [owner, other]) {
    await until('the token to be good', async () => (await statusOf(where, held)) === 200);
    expect((await where.get(held)).headers['cache-control']).toBe('private, no-store');
  }
  // Nobody gets in by pretending to be an origin.
  const hop = { 'x-maydan-origin-hop': '1' };
  expect((await owner.get('/hls/abc/index.m3u8', hop)).status).toBe(403);
  const open = await owner.get('/hls/open/720p/s1-1.m4s');
  expect([open.status, open.headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
});

it('what origins are told counts at once, without a look', async () => {
  const never = 3_600_000;
  const [owner, other] = [await origin(never), await origin(never)];
  owner.live('abc').feed.segments(3);
  other.places.set('abc', { proxyTo: owner.url });
  const told = (news: PlaybackNews) => redis.publish(playbackKeys.news, JSON.stringify(news));
  const answers = async (path: string, said: string) => {
    for (const where of [owner, other])
      await until(`${said} for ${path}`, async () => {
        const reply = await where.get(`/hls/abc/${path}`);
        return (reply.status === 200 ? '200' : refusal(reply)) === said;
      });
  };
  const [anns, bobs] = [ann, bob].map((userId) => `~${token(userId)}/720p/index.m3u8`) as [string, string];
  await answers(anns, '200');
  await until('the subscription', async () => (await redis.pubsub('NUMSUB', playbackKeys.news))[1] === 1);
  const member = bannedFromPlayback('abc', ann);
  const untilMs = Date.now() + hour;
  await told({ type: 'banned', member, untilMs });
  await answers(anns, '403 forbidden');
  // A kick doesn't make it shorter.
  await told({ type: 'banned', member, untilMs: 1 });
  await told({ type: 'banned', member: bannedFromPlayback(null, bob), untilMs });
  await answers(bobs, '403 account_banned');
  await answers(anns, '403 forbidden');
  for (const lifted of [member, bannedFromPlayback(null, bob)])
    await told({ type: 'banned', member: lifted, untilMs: 0 });
  await answers(anns, '200');
  await answers(bobs, '200');

  await redis.sadd(playbackKeys.private, 'abc');
  await told({ type: 'access', playbackId: 'abc' });
  await answers('index.m3u8', '403 session_private');
  await lease(bob);
  await answers(bobs, '200');
  await redis.zrem(playbackKeys.leases('abc'), bob);
  await told({ type: 'access', playbackId: 'abc' });
  await answers(bobs, '401 token_expired');
  await redis.srem(playbackKeys.private, 'abc');
  await redis.publish(playbackKeys.news, 'garbage');
  await told({ type: 'access', playbackId: 'abc' });
  await answers('index.m3u8', '200');
});

it('recordings of private sessions, their pictures, too', async () => {
  const one = await origin();
  const files = {
    'index.m3u8': '#EXTM3U\n',
    'poster.jpg': 'jpg',
    'storyboard.vtt': 'WEBVTT\n',
    '720p/s1-1.m4s': 'media',
  };
  one.places.set('abc', { stored: new MapMedia(files) });
  await redis.sadd(playbackKeys.private, 'abc');
  await lease(ann);
  for (const path of Object.keys(files)) {
    expect(refusal(await one.get(`/hls/abc/${path}`))).toBe('403 session_private');
    const reply = await one.get(`/hls/abc/~${token(ann)}/${path}`);
    expect([path, reply.status, reply.headers['cache-control']]).toEqual([path, 200, 'private, no-store']);
  }
});

it('a public playback is refused to who is banned, with the token of their address, and plays for all others', async () => {
  const [owner, other] = [await origin(), await origin()];
  owner.live('abc').feed.segments(3);
  other.places.set('abc', { proxyTo: owner.url });
  const paths = ['index.m3u8', '720p/index.m3u8', '720p/s1-1.m4s', '720p/s2-1.p0.m4s'];
  const ban = (member: string, untilMs: number) =>
    redis.multi().zadd(playbackKeys.banned, untilMs, member).set(playbackKeys.bannedVersion, member).exec();
  const replies = (where: OriginHarness, userId: string) =>
    Promise.all(
      paths.map(async (path) => {
        const reply = await where.get(`/hls/abc/~${token(userId)}/${path}`);
        return reply.status === 200 ? '200' : refusal(reply);
      }),
    );
  const all = (what: string) => paths.map(() => what);
  const plays = (userId: string, said: string) =>
    Promise.all(
      [owner, other].map((where) =>
        until(
          `${said} for ${userId}`,
          async () => String(await replies(where, userId)) === String(all(said)),
        ),
      ),
    );
  await plays(ann, '200');
  await plays(bob, '200');
  await ban(bannedFromPlayback('abc', ann), Date.now() + 60_000);
  await ban(bannedFromPlayback('another', bob), Date.now() + 60_000);
  await plays(ann, '403 forbidden');
  await plays(bob, '200');
  // Bans of accounts are of all playbacks; one that is over is none.
  await ban(bannedFromPlayback(null, bob), Date.now() + 60_000);
  await ban(bannedFromPlayback('abc', ann), Date.now() - 1);
  await plays(bob, '403 account_banned');
  await plays(ann, '200');
  // A guest is nobody, as is who shows what is no token.
  for (const path of ['index.m3u8', '~x/index.m3u8', `~${token(bob, 'abd')}/index.m3u8`])
    expect((await owner.get(`/hls/abc/${path}`)).status).toBe(200);
  // An origin that starts now knows them from its first answer on.
  const fresh = await origin();
  fresh.places.set('abc', { proxyTo: owner.url });
  expect(await replies(fresh, bob)).toEqual(all('403 account_banned'));
});
