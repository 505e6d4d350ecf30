import type { ApiConfig } from '../config.ts';
import { FcmSender } from './FcmSender.ts';
import { vapidKeysOf } from './webPush.ts';
import { WebPushSender } from './WebPushSender.ts';

/** The ways to devices; null: it isn't set up. */
export interface PushSenders {
  readonly web: WebPushSender | null;
  readonly fcm: FcmSender | null;
}

/** What the configuration has keys for. */
export function createSenders(config: ApiConfig): PushSenders {
  const key = config.VAPID_PRIVATE_KEY;
  const account = config.FCM_SERVICE_ACCOUNT ?? config.FCM_SERVICE_ACCOUNT_FILE;
  const subject = config.VAPID_SUBJECT ?? config.PUBLIC_URL ?? 'mailto:operator@localhost.invalid';
  const allowPrivate = config.PUSH_ALLOW_PRIVATE;
  return {
    web: key === undefined ? null : new WebPushSender({ vapid: vapidKeysOf(key), subject, allowPrivate }),
    fcm: account === undefined ? null : new FcmSender(account, config.FCM_BASE_URL),
  };
}
