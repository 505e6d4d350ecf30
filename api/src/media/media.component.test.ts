import { media as mediaSchema, type Media, type MediaCreate } from '@maydan/contracts';
import { Prisma } from '@maydan/prisma';
import type { Queue } from 'bullmq';
import { MediaRemovals } from '../testing/MediaRemovals.ts';
import { refusalOf, type Account, type Answer, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { picture, readyOutcome, TestMedia, uploadBytes as bytes } from '../testing/TestMedia.ts';
import { TestSocket } from '../testing/TestSocket.ts';
import { whileHeld } from '../testing/whileHeld.ts';
import { Attachments } from './Attachments.ts';
import { MediaRepo } from './media.repo.ts';
import { MediaViews } from './mediaViews.ts';

let backend: TestBackend;
let files: TestMedia;
let removals: MediaRemovals;
let api: TestApi;
let attachments: Attachments;

beforeAll(async () => {
  backend = await TestBackend.start();
  files = await TestMedia.start(backend);
  removals = new MediaRemovals(backend, files);
  api = await backend.startApi({
    ...files.environment,
    MEDIA_DAILY_BYTES_PER_USER: '30000000',
    TIDYING_PERIOD_MS: '1000',
  });
  attachments = new Attachments(new MediaRepo(backend.database), new MediaViews(files.openStore()));
});
afterEach(() => TestSocket.closeAll());
afterAll(async () => {
  await files?.close();
  await backend?.close();
});

const queue = (name: string): Queue => files.queue(name);
const upload = (account: Account, change: Partial<MediaCreate> = {}) => files.upload(api, account, change);
const ready = (account: Account, change: Partial<MediaCreate> = {}) => files.ready(api, account, change);
const until = (account: Account, id: string, state: Media['state']) => files.until(account, id, state);
const get = (address: string | null | undefined, init: RequestInit = {}): Promise<Response> =>
  fetch(api.url + (address ?? '/nothing'), init);

const put = (account: Account, id: string, body: string | Buffer, type = 'image/png'): Promise<Response> =>
  fetch(`${api.url}/api/v1/media/${id}/content`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${account.accessToken}`, 'content-type': type },
    body,
  });

const banned = ({ user: { id } }: Account) =>
  backend.database.user.update({ where: { id }, data: { bannedAt: new Date() } });

describe('an upload', () => {
  it('goes to the storage by a signed address, and its check is ordered once', async () => {
    const account = await api.register();
    const media = await upload(account);
    expect(media).toMatchObject({
      state: 'checking',
      kind: 'image',
      name: 'a.png',
      url: null,
      refusal: null,
    });
    expect(await account.client.media.complete({ id: media.id })).toEqual(media);
    const job = await queue('media').getJob(media.id);
    expect(job?.data).toMatchObject({ mediaId: media.id, kind: 'image', byteLength: bytes.length });
  });

  it('has the announced size and type, and is there before it is complete', async () => {
    const { client } = await api.register();
    const { media, upload: to } = await client.media.create(picture);
    const send = (headers: Record<string, string>, body: string | Buffer) =>
      fetch(api.url + to.url, { method: 'PUT', headers, body }).then((answer) => answer.status);
    expect(await send(to.headers, `${bytes.toString()}!`)).toBe(403);
    expect(await send({ 'content-type': 'text/html' }, bytes)).toBe(403);
    await expect(client.media.complete({ id: media.id })).rejects.toMatchObject({ code: 'conflict' });
    expect(await send(to.headers, bytes)).toBe(200);
    expect(await client.media.complete({ id: media.id })).toMatchObject({ state: 'checking' });
  });

  it.each<[string, Partial<MediaCreate>, string]>([
    ['a script for an avatar', { purpose: 'avatar', type: 'image/svg+xml' }, '422 validation_failed'],
    ['a video for a cover', { purpose: 'cover', type: 'video/mp4' }, '422 validation_failed'],
    ['too many bytes', { byteLength: 20 * 1_048_576 + 1 }, '413 payload_too_large'],
    ['no bytes', { byteLength: 0 }, '422 validation_failed'],
    ['no type', { type: 'png' }, '422 validation_failed'],
    ['a type with more headers', { type: 'image/png\r\nx-evil: 1' }, '422 validation_failed'],
    ['a name without a name', { name: '../..' }, '422 validation_failed'],
  ])('is refused as %s', async (_what, change, refusal) => {
    const { accessToken } = await api.register();
    const answer = await api.ask('POST', '/api/v1/media', {
      token: accessToken,
      body: { ...picture, ...change },
    });
    expect(refusalOf(answer)).toBe(refusal);
  });

  it('has a name without folders and turned writing', async () => {
    const { client } = await api.register();
    const { media } = await client.media.create({ ...picture, name: '..\\..\\etc/pass\u202egnp.exe\u0000' });
    expect(media.name).toBe('passgnp.exe');
  });

  it('stays within what one has for a day, also at once', async () => {
    const { client } = await api.register();
    const large = { ...picture, byteLength: 12_000_000 };
    const asked = await Promise.allSettled([1, 2, 3, 4].map(() => client.media.create(large)));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(asked.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'rate_limited' },
    });
  });

  it('counts until nothing is stored of it, also when it is deleted', async () => {
    const { client } = await api.register();
    const large = { ...picture, byteLength: 16_000_000 };
    const { media } = await client.media.create(large);
    await client.media.remove({ id: media.id });
    await removals.carryOut(media.id, 'all');
    await ready(await api.register());
    await expect(client.media.create(large)).rejects.toMatchObject({ code: 'rate_limited' });
    await removals.untilGone(media.id);
    expect((await client.media.create(large)).media.state).toBe('awaiting');
  });

  it('can be sent to the api itself, exactly as announced', async () => {
    const account = await api.register();
    const { media } = await account.client.media.create(picture);
    const other = await api.register();
    expect((await put(other, media.id, bytes)).status).toBe(404);
    expect((await put(account, media.id, `${bytes.toString()}!`)).status).toBe(413);
    expect((await put(account, media.id, 'less')).status).toBe(422);
    expect((await put(account, media.id, bytes, 'text/html')).status).toBe(422);
    const accepted = await put(account, media.id, bytes);
    expect(mediaSchema.parse(await accepted.json())).toMatchObject({ id: media.id, state: 'checking' });
    expect((await put(account, media.id, bytes)).status).toBe(409);
    expect((await put(account, 'x', bytes)).status).toBe(404);
    const nobody = await fetch(`${api.url}/api/v1/media/${media.id}/content`, { method: 'PUT', body: bytes });
    expect(nobody.status).toBe(401);
  });

  it('is not taken from who is banned, or signed out, while they send it', async () => {
    const lock = Prisma.sql`LOCK TABLE "Media" IN ACCESS EXCLUSIVE MODE`;
    const ends: [string, (account: Account) => Promise<unknown>][] = [
      ['401 token_invalid', ({ client, refreshToken }) => client.auth.logout({ refreshToken })],
      ['403 account_banned', (account) => banned(account)],
    ];
    for (const [expected, end] of ends) {
      const account = await api.register();
      const { media } = await account.client.media.create(picture);
      const send = async (): Promise<Answer> => {
        const answer = await put(account, media.id, bytes);
        return { status: answer.status, headers: answer.headers, body: await answer.json() };
      };
      const [sent] = await whileHeld<unknown>(backend.database, lock, [
        { waits: true, begin: send },
        { waits: false, begin: () => end(account) },
      ]);
      expect(refusalOf((await sent) as Answer)).toBe(expected);
      const { state } = await backend.database.media.findUniqueOrThrow({ where: { id: media.id } });
      expect(state).toBe('awaiting');
    }
  });
});

describe('a file', () => {
  it('is in the list of its owner alone, the newest first', async () => {
    const [owner, other] = [await api.register(), await api.register()];
    const sent = [await ready(owner), await upload(owner), await upload(owner)];
    await owner.client.media.remove({ id: sent[2]!.id });
    const first = await owner.client.media.list({ limit: 1 });
    const next = await owner.client.media.list({ limit: 1, cursor: first.nextCursor ?? '' });
    expect([...first.items, ...next.items].map(({ id }) => id)).toEqual([sent[1]!.id, sent[0]!.id]);
    expect(next.nextCursor).toBeNull();
    expect((await get(next.items[0]?.url)).status).toBe(200);
    expect(await other.client.media.list({})).toEqual({ items: [], nextCursor: null });
    expect(await api.refusal(owner, 'GET', '/media?cursor=x')).toBe('422 validation_failed');
    expect(await api.refusal(null, 'GET', '/media')).toBe('401 unauthenticated');
  });

  it('is told of and given to its owner alone', async () => {
    const [owner, other] = [await api.register(), await api.register()];
    const { id } = await upload(owner);
    const socket = await TestSocket.connect(api.url, { token: owner.accessToken });
    await files.checked(id);
    const media = await until(owner, id, 'ready');
    await socket.until('media:ready');
    expect(socket.of('media:ready').map((told) => told.media.id)).toEqual([id]);
    expect(media).toMatchObject({ type: 'image/webp', width: 4, height: 3, posterUrl: null });
    await expect(other.client.media.get({ id })).rejects.toMatchObject({ code: 'not_found' });
    // Again, and otherwise, it changes nothing.
    await files.checked(id, { result: 'refused', reason: 'unreadable' });
    await files.checked(id);
    expect(await owner.client.media.get({ id })).toMatchObject({ state: 'ready' });
  });

  it('is refused with a reason', async () => {
    const owner = await api.register();
    const { id } = await upload(owner);
    await files.checked(id, { result: 'refused', reason: 'tooManyPixels' });
    expect(await until(owner, id, 'refused')).toMatchObject({ refusal: 'tooManyPixels', url: null });
  });

  it('comes by its address alone, in parts too, and can do nothing as a page', async () => {
    const owner = await api.register();
    const { url, thumbnailUrl } = await ready(owner);
    const whole = await get(url);
    expect([whole.status, await whole.text()]).toEqual([200, 'content']);
    const { headers } = whole;
    expect(headers.get('content-type')).toBe('image/webp');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('private, max-age=900');
    const part = await get(thumbnailUrl, { headers: { range: 'bytes=1-3' } });
    expect([part.status, await part.text()]).toEqual([206, 'ont']);
    const [bare = ''] = (url ?? '').split('?');
    expect(refusalOf(await api.ask('GET', bare))).toBe('404 not_found');
    const changed = (url ?? '').replace('main.webp', 'thumbnail.webp');
    expect(refusalOf(await api.ask('GET', changed))).toBe('403 forbidden');
    expect((await get(url, { method: 'PUT', body: 'content' })).status).toBe(403);
    for (const path of [
      '/s3/',
      `/s3/${files.bucket}/live/x?X-Amz-Signature=1`,
      '/s3/../x?X-Amz-Signature=1',
    ]) {
      expect(refusalOf(await api.ask('GET', path))).toBe('404 not_found');
    }
  });

  it('that a browser could run is only to be saved', async () => {
    const owner = await api.register();
    const { id, kind } = await upload(owner, { type: 'image/svg+xml', name: 'صورة.svg' });
    expect(kind).toBe('file');
    const plain = {
      ...readyOutcome,
      type: 'application/octet-stream',
      mainFile: 'main',
      hasThumbnail: false,
    };
    await files.checked(id, plain);
    const { url } = await until(owner, id, 'ready');
    const query = new URL(url ?? '', api.url).searchParams;
    expect(query.get('response-content-type')).toBe('application/octet-stream');
    expect(query.get('response-content-disposition')).toBe(
      `attachment; filename="download"; filename*=UTF-8''${encodeURIComponent('صورة.svg')}`,
    );
  });

  it('is deleted by its owner, and its row goes when the storage has nothing of it', async () => {
    const [owner, other] = [await api.register(), await api.register()];
    const { id } = await ready(owner);
    const path = `/api/v1/media/${id}`;
    expect(refusalOf(await api.ask('DELETE', path, { token: other.accessToken }))).toBe('404 not_found');
    const answers = await Promise.all(
      [1, 2].map(() => api.ask('DELETE', path, { token: owner.accessToken })),
    );
    expect(answers.map(({ status }: Answer) => status).sort()).toEqual([200, 404]);
    await expect(owner.client.media.get({ id })).rejects.toMatchObject({ code: 'not_found' });
    expect((await queue('mediaRemoval').getJob(`all-${id}`))?.data).toEqual({ mediaId: id, what: 'all' });
    await removals.carryOut(id, 'all');
    await removals.untilGone(id);
    expect(await removals.sizes(id)).toEqual([null, null, null]);
  });
});

describe('files of messages', () => {
  const inTransaction = <T>(
    work: (transaction: Parameters<Attachments['attach']>[2]) => Promise<T>,
  ): Promise<T> => backend.database.$transaction(work);

  it('are in one message of their owner, also at once, until they are released', async () => {
    const [owner, other] = [await api.register(), await api.register()];
    const { id } = await ready(owner);
    const attach = (user: Account) => inTransaction((t) => attachments.attach(user.user.id, [id], t));
    await expect(attach(other)).rejects.toMatchObject({ code: 'conflict' });
    const tried = await Promise.allSettled([attach(owner), attach(owner), attach(owner)]);
    expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await attachments.view([id, other.user.id])).get(id)).toMatchObject({ id, state: 'ready' });
    await inTransaction((t) => attachments.share([id], t));
    await inTransaction((t) => attachments.release([id], t));
    expect(await owner.client.media.get({ id })).toMatchObject({ state: 'ready' });
    await inTransaction((t) => attachments.release([id], t));
    expect((await attachments.view([id])).size).toBe(0);
    await expect(inTransaction((t) => attachments.share([id], t))).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  it('are not files of other purposes, or ones that are not ready', async () => {
    const owner = await api.register();
    const wrong = [(await ready(owner, { purpose: 'avatar' })).id, (await upload(owner)).id];
    for (const id of wrong) {
      const attach = inTransaction((t) => attachments.attach(owner.user.id, [id], t));
      await expect(attach).rejects.toMatchObject({ code: 'conflict' });
    }
  });
});

describe('pictures of a profile', () => {
  it('are shown to everybody under an address that stays, and go with the next one', async () => {
    const owner = await api.register();
    const [first, second] = [
      await ready(owner, { purpose: 'avatar' }),
      await ready(owner, { purpose: 'avatar' }),
    ];
    const me = await owner.client.account.update({ avatarMediaId: first.id });
    expect(me.avatar?.mediaId).toBe(first.id);
    const profile = await api.client.people.get({ id: owner.user.id });
    expect(profile).toMatchObject({ avatar: me.avatar, cover: null });
    const shown = await get(profile.avatar?.thumbnailUrl);
    expect([shown.status, shown.headers.get('cache-control'), await shown.text()]).toEqual([
      200,
      'public, max-age=86400',
      'content',
    ]);
    await owner.client.account.update({ avatarMediaId: second.id });
    expect((await get(profile.avatar?.url)).status).toBe(404);
    await expect(owner.client.media.get({ id: first.id })).rejects.toMatchObject({ code: 'not_found' });
    await owner.client.media.remove({ id: second.id });
    expect(await owner.client.auth.me()).toMatchObject({ avatar: null });
  });

  it('are ready, of their purpose, and one’s own', async () => {
    const [owner, other] = [await api.register(), await api.register()];
    const cover = await ready(owner, { purpose: 'cover' });
    const refused = [
      owner.client.account.update({ avatarMediaId: cover.id }),
      other.client.account.update({ coverMediaId: cover.id }),
      owner.client.account.update({ avatarMediaId: (await upload(owner, { purpose: 'avatar' })).id }),
    ];
    for (const change of refused) await expect(change).rejects.toMatchObject({ code: 'conflict' });
    expect((await fetch(`${api.url}/pictures/${cover.id}/full`)).status).toBe(404);
    expect((await owner.client.account.update({ coverMediaId: cover.id })).cover?.mediaId).toBe(cover.id);
    expect((await owner.client.account.update({ coverMediaId: null })).cover).toBeNull();
  });
});
