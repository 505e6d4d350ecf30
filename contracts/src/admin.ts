import { z } from 'zod';
import { role, language } from './identity.ts';
import { isoDate, sessionId, userId } from './ids.ts';
import { jobs, type QueueName } from './jobs.ts';
import { serviceName, serviceNode } from './nodes.ts';
import { requiredReason } from './moderation.ts';
import { listedAccount, pageInput } from './people.ts';
import { session, sessionState, streamHealth } from './sessions.ts';
import { stageHealth } from './stage/health.ts';
import { coinAmount } from './wallet.ts';

/** One user, as admins see them. */
export const managedUser = listedAccount.extend({
  /** Null: as the browser says. */
  language: language.nullable(),
  hasPassword: z.boolean(),
  hasGoogle: z.boolean(),
  hasSecondFactor: z.boolean(),
  /** When they were last connected; null: never, or they are now. */
  lastSeenAt: isoDate.nullable(),
  counts: z.object({
    followers: z.int(),
    following: z.int(),
    sessions: z.int(),
    /** Signed-in devices. */
    signIns: z.int(),
    streamKeys: z.int(),
    statuses: z.int(),
  }),
  wallet: z.object({ balance: coinAmount, earned: coinAmount, held: coinAmount, owed: coinAmount }),
  /** Sessions that they prepared or that run, the newest first; 20 at most. */
  openSessions: z.array(z.object({ id: sessionId, title: z.string(), state: sessionState })),
});
export type ManagedUser = z.infer<typeof managedUser>;
export const userRoleInput = z.object({ id: userId, role });
export const userAidInput = z.object({ id: userId, reason: requiredReason });
export type UserAidInput = z.infer<typeof userAidInput>;
/** How many devices were signed in. */
export const signedOut = z.object({ ended: z.int() });

/** A session, with all that is known of how it does. */
export const runningSession = z.object({
  session,
  /** What is shown now; null while nothing arrives. */
  source: z.enum(['rtmp', 'stage']).nullable(),
  /** Since when it is in its state. */
  stateSince: isoDate,
  /** The newest report, with warnings; null when none came in the last 30 seconds. */
  health: streamHealth.nullable(),
  stageHealth,
  /** Where its publisher, its worker and its rooms are. */
  nodes: z.array(z.object({ service: serviceName, nodeId: z.string() })),
});
export type RunningSession = z.infer<typeof runningSession>;
export const runningSessionsInput = pageInput.extend({
  state: sessionState.extract(['starting', 'live', 'interrupted', 'ending']).optional(),
  /** Whose. */
  hostId: userId.optional(),
});
export type RunningSessionsInput = z.infer<typeof runningSessionsInput>;
export const runningSessionPage = z.object({
  items: z.array(runningSession),
  nextCursor: z.string().nullable(),
});
export type RunningSessionPage = z.infer<typeof runningSessionPage>;

/** Processes of ours, those that said nothing lately, too, for a quarter of an hour. */
export const nodeList = z.object({ items: z.array(serviceNode.extend({ alive: z.boolean() })) });
export type NodeList = z.infer<typeof nodeList>;

const queueNames = [...new Set(Object.values(jobs).map(({ queue }) => queue))] as [QueueName, ...QueueName[]];
export const queueName = z.enum(queueNames);
const jobCounts = z.object({ waiting: z.int(), active: z.int(), delayed: z.int(), failed: z.int() });
export type JobCounts = z.infer<typeof jobCounts>;
export const queueState = z.object({
  queue: queueName,
  jobs: z.array(z.string()),
  counts: jobCounts,
  /** When the job was made that waits for longest; null: none waits. */
  waitingSince: isoDate.nullable(),
});
export type QueueState = z.infer<typeof queueState>;
export const queueList = z.object({
  items: z.array(queueState),
});
export type QueueList = z.infer<typeof queueList>;

/** A job that failed for good. What may be a secret is `[redacted]`. */
export const failedJob = z.object({
  id: z.string(),
  name: z.string(),
  data: z.unknown(),
  reason: z.string(),
  /** Where in our code; null: not known. */
  trace: z.string().nullable(),
  attempts: z.int(),
  createdAt: isoDate,
  failedAt: isoDate,
});
export type FailedJob = z.infer<typeof failedJob>;
export const failedJobPage = z.object({ items: z.array(failedJob), nextCursor: z.string().nullable() });
export type FailedJobPage = z.infer<typeof failedJobPage>;
export const failedJobsInput = pageInput.extend({ queue: queueName });
export const queueInput = z.object({ queue: queueName });
/** How many jobs run again. */
export const jobsRetried = z.object({ retried: z.int() });
export const jobInput = z.object({ queue: queueName, id: z.string().min(1).max(200) });

/** What an admin should look at; `value` is what the code says. */
export const systemWarning = z.object({
  code: z.enum([
    /** Rules of the books that don't hold: so many. */
    'booksWrong',
    /** The books were not looked at for so many hours; null: never. */
    'booksUnread',
    /** So many facts of sfu, ingest and workers wait. */
    'factsWait',
    /** So many jobs of the queue failed for good. */
    'jobsFailed',
    /** A job of the queue waits for so many seconds. */
    'jobsWait',
    /** A process ended without a farewell in the last quarter of an hour. */
    'processGone',
    /** A process takes hardly more: its load, from 0 to 1. */
    'processFull',
    /** Free part of a worker's disk, from 0 to 1. */
    'diskLow',
    /** Processes that run are of so many versions. */
    'versionsDiffer',
  ]),
  node: z.object({ service: serviceName, nodeId: z.string() }).nullable(),
  queue: queueName.nullable(),
  value: z.number().nullable(),
});
export type SystemWarning = z.infer<typeof systemWarning>;

/** How the installation does as a whole. */
export const systemHealth = z.object({
  /** `failing`: something doesn't answer, or a service has no process. */
  status: z.enum(['ok', 'failing']),
  at: isoDate,
  checks: z.array(
    z.object({
      name: z.enum(['database', 'redis', 'storage']),
      ok: z.boolean(),
      durationMs: z.int(),
      /** What is wrong; null: nothing. */
      problem: z.string().nullable(),
    }),
  ),
  /** Facts of sfu, ingest and workers that are not handled yet; null when Redis doesn't answer. */
  facts: z.object({ unread: z.int(), pending: z.int() }).nullable(),
  /** Jobs of all queues; null when Redis doesn't answer. */
  jobs: jobCounts.nullable(),
  /** Processes of each service. */
  services: z.array(z.object({ service: serviceName, alive: z.int(), gone: z.int() })),
  /** Of workers: where recordings wait to be stored. */
  disks: z.array(z.object({ nodeId: z.string(), freeBytes: z.int(), totalBytes: z.int() })),
  /** None of them makes the status `failing`. */
  warnings: z.array(systemWarning),
});
export type SystemHealth = z.infer<typeof systemHealth>;

/** Where a browser looks at the queues, as long as the cookie that came with it is good. */
export const boardGrant = z.object({ url: z.string(), expiresInSec: z.int() });
export type BoardGrant = z.infer<typeof boardGrant>;
