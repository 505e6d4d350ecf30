import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ApiClient, Me, Media, MediaCreate, Message } from '@maydan/contracts';
import { SocketClient } from '@maydan/contracts/socketClient';
import { checkMedia } from '../support/mediaCheck.ts';
import { useStack } from '../support/useStack.ts';
import { waitFor } from '../support/waitFor.ts';

const run = promisify(execFile);
const place = '30.0444 N 31.2357 E, at home';

/** A picture's bytes with a segment behind the first marker (ITU-T T.81 annex B), as cameras add what they know. */
function withSegment(jpeg: Buffer, marker: number, text: string): Buffer {
  const header = Buffer.from([0xff, marker, 0, 0]);
  header.writeUInt16BE(text.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), header, Buffer.from(text, 'latin1'), jpeg.subarray(2)]);
}

/** People write to each other and show things; parts of Maydan die meanwhile. */
describe('people', () => {
  const used = useStack({ services: ['api', 'workers'] });
  let folder: string;
  let photo: Buffer;
  let video: Buffer;
  let ann: ApiClient;
  let bob: ApiClient;
  let bobUser: Me;
  let annUser: Me;
  const sockets: SocketClient[] = [];

  const client = async (name: string) => {
    const { username, password } = used.stack.user(name);
    const { accessToken, user } = await used.stack.visitor.auth.login({ login: username, password });
    const socket = new SocketClient({ baseUrl: used.stack.web, accessToken: async () => accessToken });
    sockets.push(socket);
    await waitFor('a connected socket', () => socket.connected);
    return { user, accessToken, socket };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'maydan-people-'));
    const source = ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25'];
    await run('ffmpeg', [...source, '-frames:v', '1', join(folder, 'photo.jpg')]);
    const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440'];
    const codecs = [
      '-t',
      '3',
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-pix_fmt',
      'yuv420p',
      '-c:a',
      'aac',
    ];
    await run('ffmpeg', [
      ...source,
      ...tone,
      ...codecs,
      '-metadata',
      `location=${place}`,
      join(folder, 'v.mp4'),
    ]);
    photo = withSegment(await readFile(join(folder, 'photo.jpg')), 0xe1, `Exif\0\0${place}`);
    video = await readFile(join(folder, 'v.mp4'));
    ann = await used.stack.signIn('broadcaster');
    bob = await used.stack.signIn('viewer');
    [annUser, bobUser] = [await ann.auth.me(), await bob.auth.me()];
  }, 60_000);
  afterAll(async () => {
    for (const socket of sockets) socket.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Sends a file to where the api says; it is being checked then. */
  async function upload(
    api: ApiClient,
    announced: Omit<MediaCreate, 'byteLength'>,
    bytes: Buffer,
  ): Promise<string> {
    const { media, upload: to } = await api.media.create({ ...announced, byteLength: bytes.length });
    const sent = await fetch(new URL(to.url, used.stack.web), {
      method: to.method,
      headers: to.headers,
      body: new Uint8Array(bytes),
    });
    expect(sent.status).toBe(200);
    await api.media.complete({ id: media.id });
    return media.id;
  }
  const ready = (api: ApiClient, id: string): Promise<Media> =>
    waitFor(
      'a checked file',
      async () => {
        const media = await api.media.get({ id });
        if (media.state === 'refused') throw new Error(`refused: ${String(media.refusal)}`);
        return media.state === 'ready' && media;
      },
      { timeoutMs: 60_000 },
    );
  const download = async (address: string | null | undefined): Promise<Buffer> => {
    const answer = await fetch(new URL(address ?? '/nothing', used.stack.web));
    expect(answer.status).toBe(200);
    return Buffer.from(await answer.arrayBuffer());
  };

  it('send a photo that the other sees at once, without where it was taken', async () => {
    const { socket } = await client('viewer');
    const heard: Message[] = [];
    socket.on('message:created', ({ message }) => heard.push(message));
    const mediaId = await upload(ann, { purpose: 'message', type: 'image/jpeg', name: 'صورة.jpg' }, photo);
    await ready(ann, mediaId);
    const conversation = await ann.conversations.direct({ userId: bobUser.id });
    const sent = { id: conversation.id, tempId: randomUUID(), text: 'انظر', mediaIds: [mediaId] };
    await ann.messages.send(sent);
    await ann.messages.send(sent);
    const message = await waitFor('the message', () => heard[0]);
    expect(message).toMatchObject({ kind: 'image', text: 'انظر', sender: { id: annUser.id } });
    const [shown] = message.media;
    expect(shown).toMatchObject({ type: 'image/webp', width: 640, height: 360 });
    for (const address of [shown?.url, shown?.thumbnailUrl]) {
      const bytes = await download(address);
      expect(bytes.subarray(8, 12).toString()).toBe('WEBP');
      expect(bytes.includes('at home')).toBe(false);
    }
    expect((await bob.conversations.list({})).items).toMatchObject([
      { id: conversation.id, membership: { unread: 1 }, lastMessage: { id: message.id } },
    ]);
    expect(heard).toHaveLength(1);
  }, 90_000);

  it('show a video for a day, checked although the worker is killed at that', async () => {
    await bob.people.follow({ id: annUser.id });
    const mediaId = await upload(ann, { purpose: 'status', type: 'video/mp4' }, video);
    await used.stack.killAndRestart('workers');
    expect(await ready(ann, mediaId)).toMatchObject({ kind: 'video', width: 640, height: 360 });
    const status = await ann.statuses.create({ tempId: randomUUID(), text: 'اليوم', mediaId });
    const { items } = await bob.statuses.feed({});
    expect(items).toMatchObject([{ user: { id: annUser.id }, count: 1, unseen: 1 }]);
    const url = new URL(items[0]?.latest.media?.url ?? '/nothing', used.stack.web);
    const report = await checkMedia(url.href);
    expect(report.durationSec).toBeGreaterThan(2.5);
    expect(report.maxVolumeDb).toBeGreaterThan(-40);
    expect(report.decodeErrors).toEqual([]);
    expect((await download(url.pathname + url.search)).includes('at home')).toBe(false);
    await bob.statuses.see({ id: status.id });
    expect((await ann.statuses.viewers({ id: status.id })).items).toMatchObject([
      { user: { id: bobUser.id } },
    ]);
  }, 120_000);

  it('miss nothing when the api is killed', async () => {
    const { socket } = await client('viewer');
    const texts: string[] = [];
    socket.on('message:created', ({ message }) => texts.push(message.text));
    const conversation = await ann.conversations.direct({ userId: bobUser.id });
    const send = (text: string): Promise<unknown> =>
      waitFor(`an answer to ${text}`, () => ann.messages.send({ id: conversation.id, tempId: text, text }), {
        timeoutMs: 60_000,
      });
    await send('before');
    await waitFor('the first one', () => texts.includes('before'));
    await used.stack.killAndRestart('api');
    await send('after');
    await waitFor('both', () => texts.length === 2, { timeoutMs: 60_000 });
    expect(texts).toEqual(['before', 'after']);
    const { items } = await bob.messages.history({ id: conversation.id });
    expect(items.slice(0, 2).map(({ text }) => text)).toEqual(['after', 'before']);
  }, 150_000);
});
