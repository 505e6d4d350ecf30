import { Readable } from 'node:stream';
import { type Media, type MediaCreate, type MediaRemoval } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { Prisma } from '@maydan/prisma';
import type { Queue } from 'bullmq';
import { MediaRemovals } from '../testing/MediaRemovals.ts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { picture, TestMedia, uploadBytes as bytes } from '../testing/TestMedia.ts';
import { abandonedMedia } from './media.repo.ts';

let backend: TestBackend;
let files: TestMedia;
let removals: MediaRemovals;
let api: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  files = await TestMedia.start(backend);
  removals = new MediaRemovals(backend, files);
  api = await backend.startApi({
    ...files.environment,
    MEDIA_DAILY_BYTES_PER_USER: '30000000',
    TIDYING_PERIOD_MS: '1000',
  });
});
afterAll(async () => {
  await files?.close();
  await backend?.close();
});

const queue = (name: string): Queue => files.queue(name);
const upload = (account: Account, change: Partial<MediaCreate> = {}) => files.upload(api, account, change);
const ready = (account: Account, change: Partial<MediaCreate> = {}) => files.ready(api, account, change);
const until = (account: Account, id: string, state: Media['state']) => files.until(account, id, state);
const nothing = [null, null, null];

describe('the sweep', () => {
  const isRemoving =
    (id: string, what: MediaRemoval = 'all') =>
    async () =>
      (await removals.orderOf(id, what)) !== undefined &&
      (await backend.database.media.count({ where: { id, state: 'removing' } })) === 1;

  it('removes what was never sent, never used, or whose owner is gone', async () => {
    const owner = await api.register();
    const leaving = await api.register();
    const { media: neverSent } = await owner.client.media.create(picture);
    const [unused, used, orphan] = [await ready(owner), await ready(owner), await ready(leaving)];
    await backend.database.media.update({ where: { id: used.id }, data: { uses: 1 } });
    await backend.database.user.delete({ where: { id: leaving.user.id } });
    for (const { id } of [neverSent, unused, used]) await removals.age(id, 25);
    for (const { id } of [neverSent, unused, orphan]) await waitUntil('the removal', isRemoving(id), 60_000);
    expect(await owner.client.media.get({ id: used.id })).toMatchObject({ state: 'ready' });
    await waitUntil(
      'the upload of the used one to be removed',
      async () => (await queue('mediaRemoval').getJob(`upload-${used.id}`)) !== undefined,
      60_000,
    );
    await files.tell({
      type: 'media.removed',
      at: new Date().toISOString(),
      mediaId: used.id,
      what: 'upload',
    });
    const kept = () => backend.database.media.findUniqueOrThrow({ where: { id: used.id } });
    await waitUntil('that to be known', async () => !(await kept()).uploadKept, 60_000);
  });

  it('removes what is sent after its file was deleted', async () => {
    const [owner, leaving] = [await api.register(), await api.register()];
    const create = ({ client }: Account) => client.media.create(picture);
    const [deleted, orphan] = [await create(owner), await create(leaving)];
    await owner.client.media.remove({ id: deleted.media.id });
    await backend.database.user.delete({ where: { id: leaving.user.id } });
    for (const { media, upload: to } of [deleted, orphan]) {
      await removals.carryOut(media.id, 'all');
      const sent = await fetch(api.url + to.url, { method: to.method, headers: to.headers, body: bytes });
      expect(sent.status).toBe(200);
    }
    // Facts are handled in their order.
    await ready(owner);
    for (const { id } of [deleted.media, orphan.media]) {
      expect([await removals.rows(id), await removals.sizes(id)]).toEqual([1, [bytes.length, null, null]]);
      await removals.untilGone(id);
      expect(await removals.sizes(id)).toEqual(nothing);
    }
  });

  it('removes what a check stores that goes on after its file was deleted', async () => {
    const owner = await api.register();
    const { id } = await upload(owner);
    await owner.client.media.remove({ id });
    await removals.carryOut(id, 'all');
    const made = { type: 'image/webp', byteLength: 7 };
    await files.openStore().put(`media/${id}/main.webp`, Readable.from([Buffer.from('content')]), made);
    await removals.age(id, 1);
    const asked = async (): Promise<boolean> => {
      const row = await backend.database.media.findUniqueOrThrow({ where: { id } });
      return (await removals.orderOf(id, 'all')) !== undefined && row.stateChangedAt > row.createdAt;
    };
    await waitUntil('the removal to be asked for again', asked, 60_000);
    // Not for the last time: the check is still there.
    expect(await removals.orderOf(id, 'last')).toBeUndefined();
    await files.checked(id);
    await removals.untilGone(id);
    expect(await removals.sizes(id)).toEqual(nothing);
  });

  it('walks indexes alone to what it looks for, however many files are kept', async () => {
    const { id: ownerId } = (await api.register()).user;
    await backend.database.$executeRaw`
      INSERT INTO "Media" ("id", "ownerId", "purpose", "kind", "state", "declaredType", "declaredBytes", "uploadExpiresAt", "uploadKept", "uses")
      SELECT gen_random_uuid(), ${ownerId}::uuid, 'message', 'image', 'ready', 'image/png', 1, now(), false, 1
      FROM generate_series(1, 5000)`;
    await backend.database.$executeRaw`ANALYZE "Media"`;
    const query = abandonedMedia(new Date(), new Date(), 200);
    const plan = await backend.database.$queryRaw<object[]>(Prisma.sql`EXPLAIN ${query}`);
    const text = JSON.stringify(plan);
    expect(text).not.toContain('Seq Scan');
    for (const index of ['Media_awaiting_idx', 'Media_unused_idx', 'Media_ownerless_idx'])
      expect(text).toContain(index);
  });

  it('begins a lost check anew, a few times, and asks for a lost removal again', async () => {
    const owner = await api.register();
    const [lost, hopeless, left] = [await upload(owner), await upload(owner), await ready(owner)];
    const checks = queue('media');
    for (const { id } of [lost, hopeless, left]) await checks.remove(id);
    await backend.database.media.update({ where: { id: hopeless.id }, data: { tries: 3 } });
    await backend.database.media.update({ where: { id: left.id }, data: { state: 'removing' } });
    for (const { id } of [lost, hopeless, left]) await removals.age(id, 1);
    await waitUntil('the check', async () => (await checks.getJob(lost.id)) !== undefined, 60_000);
    expect(await until(owner, hopeless.id, 'refused')).toMatchObject({ refusal: 'failed' });
    await waitUntil('the removal', isRemoving(left.id, 'last'), 60_000);
  });
});
