import type { RoomEvent } from '@maydan/contracts';
import { planRoom, type RoomEntry } from './roomBatch.ts';

const user = (id: string) => ({ id, username: id, displayName: id });
let seq = 0;
function message(sender: string, role: 'viewer' | 'moderator' = 'viewer'): RoomEntry {
  seq += 1;
  const [text, createdAt] = ['x', '2026-01-01T00:00:00.000Z'];
  const event: RoomEvent = {
    type: 'message',
    message: {
      ...{ id: `m${seq}`, seq, sender: user(sender), role, text, replyTo: null, createdAt },
      deletedAt: null,
    },
  };
  return { event, to: 'everyone' };
}
const everyone = (event: RoomEvent): RoomEntry => ({ event, to: 'everyone' });
const sendersOf = (events: readonly RoomEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'message' ? (event.message.sender?.id ?? []) : []));

describe('a batch of a room', () => {
  it('is the same for all while there is little', () => {
    const entries = [message('a'), message('b')];
    const { staff, viewers, spent } = planRoom(entries, 2);
    expect(viewers).toBe(staff);
    expect(viewers).toEqual({ events: entries.map(({ event }) => event), written: 2, shown: 2 });
    expect(spent).toBe(2);
  });

  it('shows viewers a fair sample in order, staff all, and tells how many there were', () => {
    const flood = Array.from({ length: 50 }, () => message('loud'));
    const quiet = ['a', 'b', 'c'].map((sender) => message(sender));
    const moderator = message('boss', 'moderator');
    const { staff, viewers, spent } = planRoom([...flood, ...quiet, moderator], 4);
    expect(staff).toMatchObject({ written: 54, shown: 54 });
    expect(viewers).toMatchObject({ written: 54, shown: 5 });
    expect(sendersOf(viewers.events)).toEqual(['loud', 'a', 'b', 'c', 'boss']);
    expect(spent).toBe(4);
  });

  it('draws lots among the senders', () => {
    const entries = ['a', 'b', 'c', 'd'].map((sender) => message(sender));
    const lots = [0.9, 0.1, 0.8, 0.2];
    const { viewers } = planRoom(entries, 2, () => lots.shift() ?? 0);
    expect(sendersOf(viewers.events)).toEqual(['b', 'd']);
  });

  it('never samples anything but messages', () => {
    const deleted: RoomEvent = { type: 'messageDeleted', id: 'm', seq: 1 };
    const { viewers } = planRoom([everyone(deleted), message('a'), everyone(deleted)], 0);
    expect(viewers).toEqual({ events: [deleted, deleted], written: 1, shown: 0 });
  });

  it('tells each half what is for it alone', () => {
    const [early, late] = [message('a'), message('b')];
    const entries: RoomEntry[] = [
      { ...early, to: 'staff' },
      { ...late, to: 'viewers' },
    ];
    const { staff, viewers } = planRoom(entries, 10);
    expect(staff).toEqual({ events: [early.event], written: 1, shown: 1 });
    expect(viewers).toEqual({ events: [late.event], written: 1, shown: 1 });
  });

  it('adds up what adds up, and keeps the newest of what replaces itself', () => {
    const typing = (id: string): RoomEntry =>
      everyone({ type: 'typing', users: [user(id)], count: 1, expiresInSec: 6 });
    const joined = (id: string): RoomEntry => everyone({ type: 'joined', users: [user(id)], count: 1 });
    const { staff } = planRoom(
      [
        everyone({ type: 'viewers', concurrent: 1, peak: 1 }),
        ...['a', 'a', 'b', 'c', 'd', 'e', 'f'].map(typing),
        ...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(joined),
        everyone({ type: 'left', count: 2 }),
        everyone({ type: 'left', count: 3 }),
        everyone({ type: 'reactions', counts: { heart: 2 } }),
        everyone({ type: 'reactions', counts: { heart: 3, wow: 1 } }),
        everyone({ type: 'viewers', concurrent: 5, peak: 6 }),
      ],
      10,
    );
    const five = ['a', 'b', 'c', 'd', 'e'].map(user);
    expect(staff.events).toEqual([
      { type: 'typing', users: five, count: 6, expiresInSec: 6 },
      { type: 'joined', users: five, count: 7 },
      { type: 'left', count: 5 },
      { type: 'reactions', counts: { heart: 5, wow: 1 } },
      { type: 'viewers', concurrent: 5, peak: 6 },
    ]);
  });
});
