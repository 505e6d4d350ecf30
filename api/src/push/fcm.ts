import { createHash } from 'node:crypto';
import { UnrecoverableError } from 'bullmq';
import { z } from 'zod';
import type { Answered } from './askGoogle.ts';
import { isPutOff, PushPutOff, type Push } from './PushSender.ts';

/** Without a `Retry-After`, FCM wishes to be left alone for so long after 429. */
const tooManySec = 60;

/** A message of the HTTP v1 API (`projects.messages`) to one registration token, as JSON. */
export function fcmMessage(token: string, push: Push, now: Date): object {
  const { id, type, data, title, body, groupKey, ttlSec, urgency } = push;
  // APNs takes 64 bytes at most; and what the group is about is no concern of those in between.
  const group = createHash('sha256').update(groupKey).digest('base64url');
  const isUrgent = urgency === 'high';
  return {
    token,
    notification: { title, body },
    // For the app, which knows by it what to open; all values must be strings.
    data: { id, type, data: JSON.stringify(data) },
    android: {
      priority: isUrgent ? 'HIGH' : 'NORMAL',
      ttl: `${ttlSec}s`,
      // While the device is away only the newest of a group is kept; what is shown already is replaced by the tag.
      collapse_key: group,
      notification: { tag: group },
    },
    apns: {
      headers: {
        'apns-expiration': String(Math.floor(now.getTime() / 1_000) + ttlSec),
        'apns-priority': isUrgent ? '10' : '5',
        'apns-collapse-id': group,
      },
    },
  };
}

const word = z.string().regex(/^\w{1,50}$/);
const failure = z.object({
  error: z.object({
    status: word.optional(),
    message: z.string().optional(),
    details: z
      .array(
        z.object({
          errorCode: word.optional(),
          fieldViolations: z.array(z.object({ field: z.string().optional() })).optional(),
        }),
      )
      .optional(),
  }),
});

interface Failure {
  /** `FcmError.errorCode`, else the general `status`. */
  readonly code: string | undefined;
  readonly message: string;
  /** What of the request was wrong. */
  readonly fields: readonly (string | undefined)[];
}

/** FCM doesn't take our access token. It says 401, too, when Apple or a browser's service doesn't take the project's key. */
export function isAccessRefused({ status, body }: Answered): boolean {
  return status === 401 && failureOf(body).code !== 'THIRD_PARTY_AUTH_ERROR';
}

/** What FCM's answer means; see `PushSender.send`. */
export function fcmOutcome(answer: Answered): 'sent' | 'gone' {
  const { status, retryAfterSec, body } = answer;
  if (status < 300) return 'sent';
  if (isPutOff(status)) {
    throw new PushPutOff(`FCM answered ${status}`, retryAfterSec ?? (status === 429 ? tooManySec : null));
  }
  if (isAccessRefused(answer)) throw new PushPutOff('FCM refuses the access token', retryAfterSec);
  const failed = failureOf(body);
  if (isDead(status, failed)) return 'gone';
  throw new UnrecoverableError(`FCM refused the push with ${status}, ${failed.code ?? 'no reason given'}`);
}

/**
 * The token was unregistered, or never was one. A 404 of another server, and what is wrong with our message, say nothing
 * about the token.
 */
function isDead(status: number, { code, message, fields }: Failure): boolean {
  if (code === 'UNREGISTERED' || (status === 404 && code === 'NOT_FOUND')) return true;
  if (code !== 'INVALID_ARGUMENT') return false;
  return fields.length > 0 ? fields.includes('message.token') : /registration token/i.test(message);
}

function failureOf(body: unknown): Failure {
  const { status, message = '', details = [] } = failure.safeParse(body).data?.error ?? {};
  const code = details.find(({ errorCode }) => errorCode !== undefined)?.errorCode ?? status;
  const fields = details.flatMap(({ fieldViolations = [] }) => fieldViolations.map(({ field }) => field));
  return { code, message, fields };
}
