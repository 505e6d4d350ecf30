import { randomUUID } from 'node:crypto';
import type { Account } from './TestApi.ts';
import type { TestBackend } from './TestBackend.ts';

interface Where {
  readonly conversationId: string;
  /** Who banned and removed them. */
  readonly by: Account;
}

/** What others and our services write of somebody: a ban, a removal from a channel, two devices on a stage, Google's word. */
export async function leaveTraces(
  { database }: TestBackend,
  { user: { id: userId } }: Account,
  { conversationId, by }: Where,
): Promise<{ sessionId: string }> {
  const { id: sessionId } = await by.client.sessions.create({ title: 'room' });
  await database.sessionBan.create({ data: { userId, sessionId, byId: by.user.id, reason: 'too loud' } });
  await database.conversationRemoval.create({ data: { userId, conversationId } });
  const device = { sessionId, nodeId: 'sfu', role: 'cohost', isPresent: false, at: new Date() } as const;
  const peers = [1, 2].map(() => ({ userId, ...device, peerId: randomUUID() }));
  await database.stagePeer.createMany({ data: peers });
  await database.user.update({ where: { id: userId }, data: { googleSubject: 'google-of-them' } });
  return { sessionId };
}
