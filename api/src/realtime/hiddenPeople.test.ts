import type { ChatMessage, RoomEvent } from '@maydan/contracts';
import { HiddenPeople, withoutHidden, type RoomBatchTold } from './hiddenPeople.ts';

const user = (id: string) => ({ id, username: id, displayName: id });
const at = '2026-01-01T00:00:00.000Z';
const message = (id: string, seq: number): ChatMessage => ({
  ...{ id: `m${seq}`, seq, text: 'x', sender: user(id), createdAt: at, replyTo: null, deletedAt: null },
  role: 'viewer',
});
const said = (id: string, seq: number): RoomEvent => ({ type: 'message', message: message(id, seq) });
const batch = (...events: RoomEvent[]): RoomBatchTold => {
  const shown = events.filter(({ type }) => type === 'message').length;
  return { sessionId: 's', events, written: shown + 2, shown };
};
const viewers: RoomEvent = { type: 'viewers', concurrent: 3, peak: 4 };

it('what hides nothing is the same object, for all who have no blocks and for those whom it does not concern', () => {
  const told = batch(said('ann', 1), viewers);
  expect(withoutHidden(told, new Set())).toBe(told);
  expect(withoutHidden(told, new Set(['bob']))).toBe(told);
});

it('messages, gifts, pins, and names of who is hidden are taken out, and counted out', () => {
  const rose = { id: 'rose', name: { en: 'rose', ar: 'وردة' }, iconUrl: '/rose.webp', animation: null };
  const gift = (sender: string, recipient: string): RoomEvent => ({
    type: 'gift',
    gift: {
      ...{
        id: 'g',
        sessionId: 's',
        sender: user(sender),
        recipient: user(recipient),
        gift: rose,
        quantity: 1,
      },
      ...{ coins: 1, message: '', at, returned: false, combo: { id: 'c', count: 1 } },
    },
  });
  const pins: RoomEvent = { type: 'pins', pins: [message('bob', 1), message('ann', 2)] };
  const joined: RoomEvent = { type: 'joined', users: [user('bob'), user('ann')], count: 9 };
  const typing: RoomEvent = { type: 'typing', users: [user('bob')], count: 1, expiresInSec: 5 };
  const given = [gift('bob', 'ann'), gift('ann', 'bob'), gift('ann', 'cat')];
  const told = batch(said('ann', 1), said('bob', 2), ...given, pins, joined, typing, viewers);
  expect(withoutHidden(told, new Set(['bob']))).toEqual({
    ...told,
    events: [
      said('ann', 1),
      gift('ann', 'cat'),
      { type: 'pins', pins: [message('ann', 2)] },
      { type: 'joined', users: [user('ann')], count: 8 },
      viewers,
    ],
    written: told.written - 1,
    shown: 1,
  });
  expect(withoutHidden({ ...batch(said('bob', 1)), written: 1 }, new Set(['bob']))).toBeNull();
  expect(withoutHidden(batch(said('bob', 1)), new Set(['bob']))).toMatchObject({ events: [], written: 2 });
});

it('what is told of blocks while they are asked for holds, and a question that failed is asked again', async () => {
  const people = new HiddenPeople();
  await expect(people.load(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
  const { promise, resolve } = Promise.withResolvers<string[]>();
  const loading = people.load(() => promise);
  people.set('ann', true);
  people.set('bob', false);
  resolve(['bob', 'cat']);
  await loading;
  await people.load(() => Promise.reject(new Error('again')));
  expect([...people.ids].sort()).toEqual(['ann', 'cat']);
  people.set('cat', false);
  expect([...people.ids]).toEqual(['ann']);
});
