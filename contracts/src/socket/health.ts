import { z } from 'zod';
import { sessionId } from '../ids.ts';
import { streamHealth } from '../sessions.ts';
import { stageHealth } from '../stage/health.ts';
import { message } from './message.ts';

const bySession = z.object({ sessionId });

/** How a broadcast does, as `GET /sessions/{id}/health` and `GET /sessions/{id}/stage/health` say it. */
export const broadcastHealth = z.object({
  sessionId,
  /** Null when no report came lately. */
  stream: streamHealth.nullable(),
  stage: stageHealth,
});
export type BroadcastHealth = z.infer<typeof broadcastHealth>;

/** For those who may read it over REST: the host, moderators and admins. */
export const healthMessages = {
  /** To be told from now on; answered with how it is. It ends by itself: to be said again before `renewAfterSec` are over. */
  'health:subscribe': message({
    access: 'signedIn',
    cost: 2,
    input: bySession,
    output: z.object({ health: broadcastHealth, renewAfterSec: z.int() }),
  }),
  'health:unsubscribe': message({ access: 'signedIn', input: bySession, output: z.object({}) }),
};

/** To who has subscribed. */
export const healthEvents = {
  /** With each new report, once a second at most. */
  'health:reported': z.object({ health: broadcastHealth }),
} as const;
