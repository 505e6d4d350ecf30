import type { Notification } from '@maydan/contracts';
import { pushText } from './pushText.ts';

const ali = { id: '0198c5c6-0000-7000-8000-000000000001', username: 'ali', displayName: 'علي' };
const shared = {
  id: ali.id,
  actors: [ali],
  actorCount: 1,
  count: 1,
  at: '2026-01-01T00:00:00.000Z',
  readAt: null,
};
const follow = (actorCount: number): Notification => ({ ...shared, type: 'follow', data: {}, actorCount });
const message = (count: number): Notification => ({
  ...{ ...shared, type: 'message', count },
  data: { conversationId: ali.id },
});
const name = '\u2068علي\u2069';

describe('the text of a push', () => {
  it.each([
    [1, name, name],
    [2, `${name} and 1 other`, `${name} وشخص آخر`],
    [3, `${name} and 2 others`, `${name} وشخصان آخران`],
    [4, `${name} and 3 others`, `${name} و3 أشخاص آخرين`],
    [11, `${name} and 10 others`, `${name} و10 أشخاص آخرين`],
    [12, `${name} and 11 others`, `${name} و11 شخصًا آخر`],
    [13, `${name} and 12 others`, `${name} و12 شخصًا آخر`],
    [101, `${name} and 100 others`, `${name} و100 شخص آخر`],
    [104, `${name} and 103 others`, `${name} و103 أشخاص آخرين`],
  ])('names one and counts the others (%i)', (count, english, arabic) => {
    expect(pushText('en', follow(count)).body).toBe(english);
    expect(pushText('ar', follow(count)).body).toBe(arabic);
  });

  it.each([
    [1, '1 new message', 'رسالة جديدة'],
    [2, '2 new messages', 'رسالتان جديدتان'],
    [3, '3 new messages', '3 رسائل جديدة'],
    [11, '11 new messages', '11 رسالة جديدة'],
    [100, '100 new messages', '100 رسالة جديدة'],
  ])('counts messages (%i)', (count, english, arabic) => {
    expect(pushText('en', message(count))).toEqual({ title: name, body: english });
    expect(pushText('ar', message(count))).toEqual({ title: name, body: arabic });
  });

  it('says something for each type, also when whoever did it may not be named', () => {
    const id = ali.id;
    const system = { en: 'Hello', ar: 'مرحبا' };
    const all: Notification[] = [
      { ...shared, type: 'gift', data: { sessionId: id, gift: 'Rose', quantity: 3 } },
      { ...shared, type: 'comment', data: { videoId: id, title: 'Film' } },
      {
        ...shared,
        type: 'stream',
        data: { sessionId: id, title: 'Evening', sessionType: 'audio' },
        actors: [],
      },
      { ...shared, type: 'system', data: { title: system, body: system } },
    ];
    expect(all.map((told) => pushText('en', told))).toEqual([
      { title: 'A gift for you', body: `${name}: 3 × Rose` },
      { title: 'New comments on “Film”', body: name },
      { title: 'Somebody is live', body: 'Evening' },
      { title: 'Hello', body: 'Hello' },
    ]);
    expect(all.map((told) => pushText('ar', told))).toEqual([
      { title: 'هدية لك', body: `${name}: 3 × \u2068Rose\u2069` },
      { title: 'تعليقات جديدة على «\u2068Film\u2069»', body: name },
      { title: 'شخص ما في بث مباشر', body: 'Evening' },
      { title: 'مرحبا', body: 'مرحبا' },
    ]);
  });
});
