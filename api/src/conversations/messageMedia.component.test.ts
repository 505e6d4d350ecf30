import { randomUUID } from 'node:crypto';
import { conversationMessage, type FileKind, type Media } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestMedia } from '../testing/TestMedia.ts';
import { TestSocket } from '../testing/TestSocket.ts';
import { ConversationsData } from './conversationsData.repo.ts';
import { ConversationsSweep } from './conversationsSweep.repo.ts';

let backend: TestBackend;
let files: TestMedia;
let api: TestApi;
let second: TestApi;
let ann: Account;
let bob: Account;
let cat: Account;
/** A group of the three, new for each test; Ann owns it. */
let id: string;

beforeAll(async () => {
  backend = await TestBackend.start();
  files = await TestMedia.start(backend);
  const environment = { CONVERSATION_RATE_PER_USER: '10000', MESSAGE_RATE_PER_USER: '10000' };
  api = await backend.startApi({ ...environment, ...files.environment });
  second = await backend.startApi({ ...environment, ...files.environment });
  [ann, bob, cat] = (await Promise.all([1, 2, 3].map(() => api.register()))) as [Account, Account, Account];
});
beforeEach(async () => {
  const memberIds = [bob.user.id, cat.user.id];
  id = (await ann.client.conversations.create({ kind: 'group', name: 'three', memberIds })).id;
});
afterEach(() => TestSocket.closeAll());
afterAll(async () => {
  await files?.close();
  await backend?.close();
});

const send = (
  from: Account,
  mediaIds: string[],
  more: { replyTo?: string; text?: string; id?: string } = {},
) => from.client.messages.send({ id, tempId: randomUUID(), mediaIds, ...more });
const idsOf = (media: readonly Media[]): string[] => media.map((one) => one.id);
/** How a file is used: by how many, and whether it is on its way out. */
const useOf = async (mediaId: string): Promise<[number | undefined, string | undefined]> => {
  const row = await backend.database.media.findUnique({ where: { id: mediaId } });
  return [row?.uses, row?.state];
};

/** A file that was uploaded and checked before; nothing of it is in the storage. */
async function fileBy(account: Account, kind: FileKind = 'image', purpose: Media['purpose'] = 'message') {
  const data = {
    ...{ ownerId: account.user.id, purpose, kind, state: 'ready' as const, uploadKept: false },
    ...{ declaredType: 'image/png', declaredBytes: 7, uploadExpiresAt: new Date(Date.now() + 900_000) },
    ...{ type: 'image/webp', byteLength: 7, mainFile: 'main.webp', hasThumbnail: true },
  };
  return (await backend.database.media.create({ data })).id;
}

describe('a message with files', () => {
  it('is shown with them, in their order, by whatever way it comes', async () => {
    const [one, two] = [await fileBy(ann), await fileBy(ann)];
    const [near, far] = await Promise.all(
      [ann, bob].map(({ accessToken }, node) =>
        TestSocket.connect((node === 0 ? api : second).url, { token: accessToken }),
      ),
    );
    const wish = { id, tempId: 't', mediaIds: [two, one] };
    const answer = (await near?.ask('message:send', wish)) as { message: unknown };
    const sent = conversationMessage.parse(answer.message);
    expect(sent).toMatchObject({ kind: 'image', text: '', seq: 1 });
    expect(idsOf(sent.media)).toEqual([two, one]);
    expect(sent.media[0]).toMatchObject({ kind: 'image', state: 'ready', url: expect.any(String) });
    await far?.until('message:created');
    const told = far?.of('message:created')[0]?.message;
    expect(idsOf(told?.media ?? [])).toEqual([two, one]);
    const reply = await send(bob, [], { text: 'nice', replyTo: sent.id });
    expect(reply.replyTo).toMatchObject({ id: sent.id, kind: 'image', firstMedia: { id: two } });
    const { items } = await cat.client.messages.history({ id });
    expect(items.map(({ media }) => idsOf(media))).toEqual([[], [two, one]]);
    expect(items[0]?.replyTo?.firstMedia?.id).toBe(two);
    const last = await send(cat, [await fileBy(cat)], { text: 'mine' });
    const [listed] = (await ann.client.conversations.list({})).items;
    expect(listed?.lastMessage?.media).toHaveLength(1);
    expect((await bob.client.conversations.get({ id })).lastMessage?.id).toBe(last.id);
    expect(idsOf((await bob.client.messages.get({ id: last.id })).media)).toEqual(idsOf(last.media));
  });

  it('is of the kind of its files, or a file when they are of several', async () => {
    const kindOf = async (...kinds: FileKind[]) => {
      const mediaIds = await Promise.all(kinds.map((kind) => fileBy(ann, kind)));
      return (await send(ann, mediaIds, { text: 'x' })).kind;
    };
    expect([await kindOf('video'), await kindOf('audio', 'audio')]).toEqual(['video', 'audio']);
    expect([await kindOf('image', 'video'), await kindOf('file')]).toEqual(['file', 'file']);
    expect((await send(ann, [], { text: 'x' })).kind).toBe('text');
  });

  it('is stored once for its tempId, also when it is sent at once over two nodes', async () => {
    const mediaIds = [await fileBy(ann), await fileBy(ann)];
    const answers = await Promise.all(
      [api, second, api, second].map((node) =>
        node.clientOf(ann.accessToken).messages.send({ id, tempId: 'once', mediaIds }),
      ),
    );
    expect(new Set(answers.map((answer) => answer.id)).size).toBe(1);
    for (const { seq, media } of answers) expect([seq, idsOf(media)]).toEqual([1, mediaIds]);
    expect(await useOf(mediaIds[0]!)).toEqual([1, 'ready']);
    expect((await ann.client.messages.send({ id, tempId: 'once', mediaIds })).id).toBe(answers[0]?.id);
  });

  it('is refused with files that are not ready, not one’s own, not for messages, used, or not there', async () => {
    const used = await fileBy(ann);
    await send(ann, [used]);
    const waiting = await files.upload(api, ann);
    const avatar = await fileBy(ann, 'image', 'avatar');
    const wrong = [used, waiting.id, await fileBy(bob), avatar, randomUUID()];
    const fine = await fileBy(ann);
    for (const mediaId of wrong) {
      const body = { tempId: randomUUID(), text: 'x', mediaIds: [fine, mediaId] };
      expect(await api.refusal(ann, 'POST', `/conversations/${id}/messages`, body)).toBe('409 conflict');
    }
    expect((await ann.client.conversations.get({ id })).lastSeq).toBe(1);
    expect(await useOf(fine)).toEqual([0, 'ready']);
    expect((await send(ann, [fine])).seq).toBe(2);
  });

  it('is not taken from bad input', async () => {
    const file = await fileBy(ann);
    const many = Array.from({ length: 11 }, () => randomUUID());
    for (const body of [
      ...[{ mediaIds: [] }, {}, { text: '\u200b', mediaIds: [] }, { mediaIds: [file, file] }],
      ...[
        { mediaIds: [file, file.toUpperCase()] },
        { mediaIds: many },
        { mediaIds: ['x'] },
        { mediaIds: file },
      ],
    ]) {
      const request = { tempId: 't', ...body };
      expect(await api.refusal(ann, 'POST', `/conversations/${id}/messages`, request)).toBe(
        '422 validation_failed',
      );
    }
  });

  it('has a file that no other message has, whoever sends it at once', async () => {
    const [file, other] = [await fileBy(ann), await fileBy(ann)];
    const wishes = [[file, other], [other, file], [file], [other]];
    const tried = await Promise.allSettled(wishes.map((mediaIds) => send(ann, mediaIds)));
    const refused = tried.filter(({ status }) => status === 'rejected');
    for (const one of refused) expect(one).toMatchObject({ reason: { code: 'conflict' } });
    expect([await useOf(file), await useOf(other)]).toEqual([
      [1, 'ready'],
      [1, 'ready'],
    ]);
    const { items } = await bob.client.messages.history({ id });
    expect(items.map(({ seq }) => seq)).toEqual(items.map((_, index) => items.length - index));
    expect(items.flatMap(({ media }) => idsOf(media)).sort()).toEqual([file, other].sort());
  });

  it('can lose its text, which others can not', async () => {
    const sent = await send(ann, [await fileBy(ann)], { text: 'look' });
    const edited = await ann.client.messages.edit({ id: sent.id, text: '' });
    expect(edited).toMatchObject({ text: '', kind: 'image', media: [{ id: sent.media[0]?.id }] });
    const plain = await send(ann, [], { text: 'x' });
    expect(await api.refusal(ann, 'PATCH', `/messages/${plain.id}`, { text: '' })).toBe(
      '422 validation_failed',
    );
  });

  it('costs one query for a page, however many there are', async () => {
    const plain = await backend.countQueries(() => bob.client.messages.history({ id }));
    const first = await send(ann, [await fileBy(ann)]);
    const history = () => backend.countQueries(() => bob.client.messages.history({ id }));
    const list = () => backend.countQueries(() => bob.client.conversations.list({ limit: 2 }));
    const [few, listed] = [await history(), await list()];
    await send(bob, [], { text: 'x' });
    const text = await history();
    for (let sent = 0; sent < 12; sent++)
      await send(cat, [await fileBy(cat), await fileBy(cat)], { replyTo: first.id });
    expect([text, await history(), await list()]).toEqual([few, few, listed]);
    // An empty conversation has no files to ask for.
    expect(few).toBe(plain + 1);
  });
});

describe('files of messages', () => {
  it('are named in the copy that people get of their data', async () => {
    const mediaIds = [await fileBy(ann), await fileBy(ann)];
    const sent = await send(ann, mediaIds);
    const rows: unknown[] = [];
    for await (const { kind, row } of new ConversationsData(backend.database).export(ann.user.id)) {
      if (kind === 'messages' && 'id' in row && row.id === sent.id) rows.push(row);
    }
    expect(rows).toMatchObject([{ media: mediaIds.map((mediaId) => ({ mediaId })) }]);
  });

  it('are downloaded by members alone, and not by somebody who was removed', async () => {
    const { id: file } = await files.ready(api, ann);
    const before = await api.register();
    expect(await api.refusal(bob, 'GET', `/media/${file}`)).toBe('404 not_found');
    const sent = await send(ann, [file]);
    const { url } = await bob.client.media.get({ id: file });
    const loaded = await fetch(api.url + (url ?? ''));
    expect([loaded.status, await loaded.text()]).toEqual([200, 'content']);
    expect(await api.refusal(before, 'GET', `/media/${file}`)).toBe('404 not_found');
    await ann.client.conversations.addMembers({ id, userIds: [before.user.id] });
    // It was sent before they came.
    expect(await api.refusal(before, 'GET', `/media/${file}`)).toBe('404 not_found');
    await ann.client.conversations.removeMember({ id, userId: bob.user.id });
    expect(await api.refusal(bob, 'GET', `/media/${file}`)).toBe('404 not_found');
    expect(await cat.client.media.get({ id: file })).toMatchObject({ id: file });
    await ann.client.messages.delete({ id: sent.id });
    for (const account of [cat, ann]) {
      expect(await api.refusal(account, 'GET', `/media/${file}`)).toBe('404 not_found');
    }
  });

  it('go with the last message that has them, forwarded ones counted, whoever deletes at once', async () => {
    const [one, two] = [await fileBy(ann), await fileBy(ann)];
    const sent = await send(ann, [one, two], { text: 'look' });
    const { id: elsewhere } = await bob.client.conversations.create({ kind: 'group', name: 'elsewhere' });
    const forward = () =>
      bob.client.messages.forward({ id: sent.id, conversationId: elsewhere, tempId: 'f' });
    const [forwarded] = await Promise.all([forward(), forward()]);
    expect(forwarded).toMatchObject({ forwarded: true, kind: 'image', text: 'look' });
    expect(idsOf(forwarded.media)).toEqual([one, two]);
    expect(await useOf(one)).toEqual([2, 'ready']);
    const gone = await Promise.all([1, 2].map(() => ann.client.messages.delete({ id: sent.id })));
    for (const { media, text } of gone) expect([media, text]).toEqual([[], '']);
    expect(await useOf(one)).toEqual([1, 'ready']);
    expect(await bob.client.media.get({ id: two })).toMatchObject({ state: 'ready' });
    expect(await api.refusal(cat, 'GET', `/media/${two}`)).toBe('404 not_found');
    await bob.client.messages.delete({ id: forwarded.id });
    for (const file of [one, two]) expect(await useOf(file)).toEqual([0, 'removing']);
  });

  it('vanish with the account of who sent them; the message stays', async () => {
    const dan = await api.register();
    await ann.client.conversations.addMembers({ id, userIds: [dan.user.id] });
    const file = await fileBy(dan);
    const [alone, sent] = [await send(dan, [await fileBy(dan)]), await send(dan, [file], { text: 'mine' })];
    const reply = await send(bob, [], { text: 'yes', replyTo: sent.id });
    const answer = await api.ask('POST', '/api/v1/account/delete', {
      token: dan.accessToken,
      body: { password: dan.password },
    });
    expect(answer.status).toBe(202);
    expect(await bob.client.messages.get({ id: sent.id })).toMatchObject({ text: 'mine', media: [] });
    expect((await bob.client.messages.get({ id: reply.id })).replyTo).toMatchObject({ firstMedia: null });
    const wish = { conversationId: id, tempId: 'again' };
    expect(await api.refusal(bob, 'POST', `/messages/${alone.id}/forward`, wish)).toBe('409 conflict');
    expect(await bob.client.messages.forward({ id: sent.id, ...wish })).toMatchObject({
      kind: 'text',
      text: 'mine',
      media: [],
    });
    await waitUntil('the removal', async () => (await useOf(file))[1] === 'removing', 60_000);
  });

  it('go with a conversation that is deleted, as often as they are in it', async () => {
    const [file, picture] = [await fileBy(ann), await fileBy(ann, 'image', 'avatar')];
    const sent = await send(ann, [file]);
    await ann.client.messages.forward({ id: sent.id, conversationId: id, tempId: 'again' });
    await ann.client.conversations.update({ id, avatarMediaId: picture });
    await ann.client.conversations.delete({ id });
    expect(await api.refusal(bob, 'GET', `/media/${file}`)).toBe('404 not_found');
    const sweep = new ConversationsSweep(backend.database);
    await Promise.all([sweep.deleteGone(), sweep.deleteGone()]);
    for (const mediaId of [file, picture]) expect(await useOf(mediaId)).toEqual([0, 'removing']);
    expect(await backend.database.messageMedia.count({ where: { mediaId: file } })).toBe(0);
  });
});

describe('the picture of a group', () => {
  it('is set, seen by its address, changed and taken away by who leads', async () => {
    const [first, next] = [
      (await files.ready(api, ann, { purpose: 'avatar' })).id,
      await fileBy(ann, 'image', 'avatar'),
    ];
    const body = { avatarMediaId: await fileBy(bob, 'image', 'avatar') };
    expect(await api.refusal(bob, 'PATCH', `/conversations/${id}`, body)).toBe('403 forbidden');
    expect(await api.refusal(ann, 'PATCH', `/conversations/${id}`, { ...body, name: 'x' })).toBe(
      '409 conflict',
    );
    const { avatar, name } = await ann.client.conversations.update({ id, avatarMediaId: first });
    expect([avatar?.mediaId, name]).toEqual([first, 'three']);
    expect((await cat.client.conversations.list({})).items[0]?.avatar).toEqual(avatar);
    const shown = await fetch(api.url + (avatar?.url ?? ''));
    expect([shown.status, await shown.text()]).toEqual([200, 'content']);
    await Promise.all([1, 2].map(() => ann.client.conversations.update({ id, avatarMediaId: next })));
    expect(await useOf(first)).toEqual([0, 'removing']);
    expect(await useOf(next)).toEqual([1, 'ready']);
    expect((await ann.client.conversations.update({ id, avatarMediaId: null })).avatar).toBeNull();
    expect(await useOf(next)).toEqual([0, 'removing']);
  });

  it('goes when its file is deleted', async () => {
    const avatarMediaId = await fileBy(ann, 'image', 'avatar');
    await ann.client.conversations.update({ id, avatarMediaId });
    await ann.client.media.remove({ id: avatarMediaId });
    expect((await bob.client.conversations.get({ id })).avatar).toBeNull();
  });
});
