import { z } from 'zod';
import { playbackId, sessionId, userId } from './ids.ts';
import { fileKind, mediaId, mediaPurpose, mediaRemoval } from './media.ts';
import { sessionType } from './sessions.ts';

/** The job catalogue: queue → name → schema of the data. Handlers and producers are typed from it. */
export const jobs = {
  'live.transcode': {
    queue: 'live',
    data: z.object({
      sessionId,
      playbackId,
      sessionType: sessionType.optional(),
      requestId: z.string().optional(),
    }),
  },
  /** Composes the stage of a session and publishes it to `live.transcode`, as long as somebody is on stage. */
  'live.composite': {
    queue: 'composite',
    data: z.object({
      sessionId,
      playbackId,
      sessionType: sessionType.optional(),
      requestId: z.string().optional(),
    }),
  },
  /** Brings a session's RTMP source into its room, for sub-second viewers. */
  'live.forward': {
    queue: 'forward',
    data: z.object({ sessionId, sessionType: sessionType.optional(), requestId: z.string().optional() }),
  },
  /** Sends what is shown of a session to its host's other targets. Addresses and stream keys are asked from the api. */
  'live.restream': {
    queue: 'restream',
    data: z.object({ sessionId, requestId: z.string().optional() }),
  },
  'vod.images': {
    queue: 'vod',
    data: z.object({ sessionId, playbackId, durationMs: z.int().min(0), requestId: z.string().optional() }),
  },
  /** Removes what is stored of a playback, for good; the api queues it when nobody writes to it any more. */
  'recording.remove': {
    queue: 'removal',
    data: z.object({ sessionId, playbackId, requestId: z.string().optional() }),
  },
  /** Sends a notification to a device. The api runs it itself. */
  'push.send': {
    queue: 'push',
    data: z.object({
      userId,
      notificationId: z.uuid(),
      deviceId: z.uuid(),
      requestId: z.string().optional(),
    }),
  },
  /** Sends what is due to an endpoint of another system. The api runs it itself. */
  'webhook.deliver': {
    queue: 'webhook',
    data: z.object({ webhookId: z.uuid(), requestId: z.string().optional() }),
  },
  /** Erases what is personal of a deleted account. The api runs it itself, as the writer of its tables. */
  'account.erase': {
    queue: 'account',
    data: z.object({ userId, requestId: z.string().optional() }),
  },
  /** Makes a copy of all that is kept about somebody. The api runs it itself. */
  'account.export': {
    queue: 'export',
    data: z.object({ userId, exportId: z.uuid(), requestId: z.string().optional() }),
  },
  /** Looks at the content of an upload, and makes of it what may be given out. */
  'media.check': {
    queue: 'media',
    data: z.object({
      mediaId,
      purpose: mediaPurpose,
      /** As announced. */
      kind: fileKind,
      byteLength: z.int().min(1),
      requestId: z.string().optional(),
    }),
  },
  /** Removes an upload, or all that the storage has of a file. */
  'media.remove': {
    queue: 'mediaRemoval',
    data: z.object({ mediaId, what: mediaRemoval, requestId: z.string().optional() }),
  },
} as const;
export type JobName = keyof typeof jobs;
export type JobData<N extends JobName> = z.infer<(typeof jobs)[N]['data']>;
export type QueueName = (typeof jobs)[JobName]['queue'];

const jobNames = Object.keys(jobs) as JobName[];

/** The jobs of a queue. */
export function jobsIn(queue: QueueName): readonly JobName[] {
  return jobNames.filter((name) => jobs[name].queue === queue);
}
