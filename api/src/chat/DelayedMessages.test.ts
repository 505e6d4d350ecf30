import { randomUUID } from 'node:crypto';
import { createLogger } from '@maydan/common';
import type { ChatMessage, RoomEvent } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import type { ChatRow } from './chat.repo.ts';
import { DelayedMessages } from './DelayedMessages.ts';

const message = (seq: number): ChatMessage => ({
  ...{ id: randomUUID(), seq, sender: null, role: 'viewer', text: `text ${seq}`, replyTo: null },
  ...{ createdAt: new Date().toISOString(), deletedAt: null },
});

it('tells viewers what was not deleted, later; what comes beyond its bound at once, and nothing is dropped', async () => {
  const told: number[] = [];
  const emit = (_: string, event: RoomEvent, to?: string) => {
    if (event.type === 'message' && to === 'viewers') told.push(event.message.seq);
  };
  const messages = [1, 2, 3, 4].map(message);
  // The second one was deleted.
  const find = (_: string, id: string) =>
    Promise.resolve({ deletedAt: id === messages[1]?.id ? new Date() : null } as ChatRow);
  const delayed = new DelayedMessages({ emit }, { find }, createLogger('api', 'silent'), 2);
  for (const one of messages) delayed.add('session', one, 0.05);
  expect(told).toEqual([3, 4]);
  await waitUntil('the first one', () => told.length === 3, 60_000);
  delayed.add('session', message(5), 0.05);
  await waitUntil('one that waited again', () => told.length === 4, 60_000);
  expect(told).toEqual([3, 4, 1, 5]);
  delayed.close();
});
