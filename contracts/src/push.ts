import { z } from 'zod';
import { isoDate } from './ids.ts';

/** What is needed to take pushes. */
export const pushConfig = z.object({
  /** `applicationServerKey` of a subscription; null: there is no web push here. */
  webPushPublicKey: z.string().nullable(),
  /** Whether registration tokens of Firebase Cloud Messaging are taken. */
  fcm: z.boolean(),
});
export type PushConfig = z.infer<typeof pushConfig>;

const base64url = z.string().regex(/^[A-Za-z0-9_-]+={0,2}$/);
/** A browser's `PushSubscription`, as its `toJSON` gives it. */
const webSubscription = z.object({
  kind: z.literal('web').optional(),
  endpoint: z.url().max(1_000),
  keys: z.object({ p256dh: base64url.max(100), auth: base64url.max(30) }),
});
/** What Firebase Cloud Messaging knows an app on a device by. */
const fcmRegistration = z.object({
  kind: z.literal('fcm'),
  token: z
    .string()
    .max(1_000)
    .regex(/^[\w:.-]+$/, 'is not a registration token'),
});
export const pushDeviceInput = z.discriminatedUnion('kind', [webSubscription, fcmRegistration]);
export type PushDeviceInput = z.infer<typeof pushDeviceInput>;

export const pushDevice = z.object({ id: z.uuid(), kind: z.enum(['web', 'fcm']), createdAt: isoDate });
export type PushDevice = z.infer<typeof pushDevice>;
