import { z } from 'zod';
import { isoDate } from './ids.ts';
import { pageInput } from './people.ts';

/** What other systems can be told of; each has its `data` in the message. */
export const webhookType = z.enum([
  /** `sessionId`, `hostId`, `title`: viewers can watch. */
  'session.started',
  /** The same with `state` (`ended`, `failed`), `endReason` and `durationMs`: of sessions that had begun. */
  'session.ended',
  /** `sessionId`, `hostId`, `title`, `durationMs`: the recording plays. */
  'video.ready',
  /** `giftId`, `sentGiftId`, `sessionId`, `senderId`, `recipientId`, `quantity`, `coins`. */
  'gift.sent',
  /** `followerId`, `followeeId`; who comes again isn't told of twice. */
  'follower.new',
]);
export type WebhookType = z.infer<typeof webhookType>;

const shown = {
  url: z.url().max(500),
  types: z
    .array(webhookType)
    .min(1)
    .max(webhookType.options.length)
    .transform((types) => [...new Set(types)]),
};

/** An endpoint of another system. */
export const webhook = z.object({
  id: z.uuid(),
  url: z.string(),
  types: z.array(webhookType),
  /** It hears of all that happens on the platform, not only to its owner. */
  platform: z.boolean(),
  enabled: z.boolean(),
  /** Why it was turned off by us; null: it wasn't. */
  disabledReason: z.enum(['failing', 'gone', 'forbidden']).nullable(),
  /** Since when nothing has arrived; null: the last message did. */
  failingSince: isoDate.nullable(),
  createdAt: isoDate,
});
export type Webhook = z.infer<typeof webhook>;
export const webhookCreateInput = z.object({ ...shown, platform: z.boolean().default(false) });
export type WebhookCreateInput = z.infer<typeof webhookCreateInput>;
/** What is absent stays as it is. */
export const webhookUpdateInput = z.object({
  id: z.uuid(),
  url: shown.url.optional(),
  types: shown.types.optional(),
  enabled: z.boolean().optional(),
});
export type WebhookUpdateInput = z.infer<typeof webhookUpdateInput>;
/** With the secret that signs messages (Standard Webhooks: `whsec_` and base64), shown this time only. */
export const webhookWithSecret = webhook.extend({ secret: z.string() });
export type WebhookWithSecret = z.infer<typeof webhookWithSecret>;

/** A message for an endpoint, and how its delivery went. */
export const webhookDelivery = z.object({
  /** Also its `webhook-id` header, the same each time it is sent. */
  id: z.uuid(),
  type: webhookType,
  state: z.enum(['pending', 'delivered', 'failed']),
  attempts: z.int(),
  /** When it is tried (again); null: it isn't. */
  nextAt: isoDate.nullable(),
  /**
   * Of the last attempt: HTTP status (null: no answer), how long it took, the beginning of the answer or the error. `too_many_waiting`:
   * it was given up, as too many newer messages wait for the endpoint.
   */
  status: z.int().nullable(),
  latencyMs: z.int().nullable(),
  answer: z.string().nullable(),
  error: z.string().nullable(),
  createdAt: isoDate,
  attemptedAt: isoDate.nullable(),
});
export type WebhookDelivery = z.infer<typeof webhookDelivery>;
export const webhookDeliveryPage = z.object({
  items: z.array(webhookDelivery),
  nextCursor: z.string().nullable(),
});
export type WebhookDeliveryPage = z.infer<typeof webhookDeliveryPage>;
export const webhookDeliveriesInput = pageInput.extend({ id: z.uuid() });
export const webhookReplayInput = z.object({ id: z.uuid(), deliveryId: z.uuid() });

/** The body of a message, as Standard Webhooks advises. */
export const webhookMessage = z.object({
  type: webhookType,
  /** When it happened. */
  timestamp: isoDate,
  data: z.record(z.string(), z.unknown()),
});
export type WebhookMessage = z.infer<typeof webhookMessage>;
