import { resolve } from 'node:path';
import { baseConfig, flag, optional, port, s3Config, secret, trustProxy } from '@maydan/common';
import { z } from 'zod';
import { restreamSecrets } from './restream/restreamSecrets.ts';
import { secureUrl, serviceAccount, serviceAccountFile } from './push/serviceAccount.ts';

const positive = z.coerce.number().int().positive();
const baseUrl = z.url().transform((url) => url.replace(/\/+$/, ''));

/** Origins from which browsers may call the api, by comma; `*` for all. Same-origin pages need no entry. */
const origins = z
  .string()
  .transform((value) => value.split(',').map((origin) => origin.trim().replace(/\/+$/, '')))
  .transform((list) => list.filter((origin) => origin !== ''))
  .pipe(z.array(z.string().regex(/^(\*|https?:\/\/[^/\s]+)$/, 'must be origins like https://example.org')));

/** Origins that a content security policy names, by comma; `https://*.sfu.example.org` means all hosts below. */
const policySources = z
  .string()
  .transform((value) => value.split(',').map((origin) => origin.trim().replace(/\/+$/, '')))
  .transform((entries) => entries.filter((entry) => entry !== ''))
  .pipe(
    z.array(
      z
        .string()
        .regex(
          /^https?:\/\/(\*\.)?[\w-]+(\.[\w-]+)*(:(\d{1,5}|\*))?$/,
          'must be origins like https://sfu.example.org or https://*.sfu.example.org',
        ),
    ),
  );

const list = z
  .string()
  .transform((value) => value.split(',').map((entry) => entry.trim()))
  .transform((entries) => entries.filter((entry) => entry !== ''));

/** The api's environment; see the table of configuration in the README. */
export const configSchema = z
  .object({
    ...baseConfig,
    ...s3Config,
    API_HOST: z.string().default('0.0.0.0'),
    API_PORT: port.default(8080),
    OPS_PORT: port.default(9101),
    DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must start with postgresql://'),
    DATABASE_POOL_SIZE: positive.default(10),
    ACCESS_TOKEN_SECRET: secret,
    /** Encrypts the secrets of second factors. Unset: made of ACCESS_TOKEN_SECRET, which then can't be changed without losing them. */
    SECOND_FACTOR_SECRET: optional(secret),
    /** Where people reach the api and the web page, for example `https://maydan.example`. */
    PUBLIC_URL: optional(baseUrl),
    /** Shown to broadcasters, with the application's name at the end. */
    RTMP_PUBLIC_URL: z.string().regex(/^rtmp:\/\//, 'must start with rtmp://'),
    RTMPS_PUBLIC_URL: optional(z.string().regex(/^rtmps:\/\//, 'must start with rtmps://')),
    /** Base of playback URLs; unset: the request's own scheme and host name with ORIGIN_PUBLIC_PORT. */
    PLAYBACK_BASE_URL: optional(baseUrl),
    ORIGIN_PUBLIC_PORT: port.default(8090),
    /** Port of the sfu at the request's own host name, for nodes that announce no address of their own. */
    SFU_PUBLIC_PORT: port.default(8082),
    /** Where sfu nodes may come to be: pages may talk to them although they weren't there when the page was loaded. */
    SFU_ORIGINS: policySources.default([]),
    /** Where clients reach the storage for signed addresses. Unset: through the api. */
    S3_PUBLIC_URL: optional(baseUrl),
    /** Bytes of one uploaded file; each purpose has a limit of its own, too. */
    MEDIA_MAX_BYTES: positive.default(104_857_600),
    /** Files that one user announces in an hour. */
    MEDIA_RATE_PER_USER: positive.default(200),
    /** Bytes of all files that one user uploads in a day. */
    MEDIA_DAILY_BYTES_PER_USER: positive.default(2_147_483_648),
    /** How often each api process looks for files, statuses and exports that are to be removed or repaired. */
    TIDYING_PERIOD_MS: positive.max(3_600_000).default(60_000),
    LEDGER_RECONCILE_PERIOD_MS: positive.default(86_400_000),
    /** How often analytics counts what is new. */
    ANALYTICS_PERIOD_MS: positive.max(3_600_000).default(300_000),
    /** Statistics and exports of them that one user asks for in a minute. */
    ANALYTICS_RATE_PER_USER: positive.default(60),
    /** Encrypts the secrets of webhooks. Unset: made of ACCESS_TOKEN_SECRET, which then can't be changed without losing them. */
    WEBHOOK_SECRET: optional(secret),
    /** Webhooks may lead to private addresses, and without TLS: for tests, and for systems in the same network. */
    WEBHOOK_ALLOW_PRIVATE: flag.default(false),
    /** How long an endpoint may take to answer. */
    WEBHOOK_TIMEOUT_MS: positive.max(60_000).default(10_000),
    /** The first retry of a webhook comes after about this time, the last one 20,000 times as late. */
    WEBHOOK_RETRY_MS: positive.max(60_000).default(5_000),
    /** A webhook at which nothing has arrived for so long is turned off: a day. */
    WEBHOOK_DISABLE_AFTER_MS: positive.default(86_400_000),
    /** So many messages wait for one webhook; beyond, the oldest are given up. */
    WEBHOOK_MAX_WAITING: positive.default(10_000),
    /** What one user changes of webhooks in a minute. */
    WEBHOOK_RATE_PER_USER: positive.default(60),
    /** How long an interrupted session waits for its publisher. */
    GRACE_PERIOD_MS: positive.default(30_000),
    /** Minutes before a scheduled session at which those are told who want to be reminded of it. */
    REMINDER_LEAD_MIN: positive.max(1_440).default(10),
    CORS_ORIGINS: origins.default([]),
    TRUST_PROXY: trustProxy.default(false),
    /** Folder of the built web page. */
    WEB_ROOT: z
      .string()
      .default('web/dist')
      .transform((path) => resolve(path)),
    /** Logins and registrations per address in 5 minutes; token refreshes have five times as many. */
    AUTH_RATE_PER_ADDRESS: positive.default(100),
    /** Wrong passwords per account and address in 15 minutes; all strangers' addresses together have five times as many. */
    AUTH_FAILURES_PER_ACCOUNT: positive.default(10),
    /** An HTTP gateway for text messages. Unset: they are logged, in development with the code. */
    SMS_GATEWAY_URL: optional(z.url()),
    /** Sent to it as a bearer token. */
    SMS_GATEWAY_TOKEN: optional(z.string().min(1)),
    /** The JSON body; `{to}` and `{text}` stand for the number (E.164) and the message. */
    SMS_GATEWAY_BODY: z
      .string()
      .default('{"to":"{to}","text":"{text}"}')
      .refine((body) => body.includes('{to}') && body.includes('{text}'), 'must contain {to} and {text}'),
    /** Codes that are sent to phones for one address in an hour. */
    PHONE_CODES_PER_ADDRESS: positive.default(20),
    /** An SMTP server for mails, `smtp://` (with STARTTLS) or `smtps://`, with user and password. Unset: they are logged, in development with the code. */
    SMTP_URL: optional(z.url({ protocol: /^smtps?$/ })),
    /** Who mails are from. */
    MAIL_FROM: optional(z.string().min(3)),
    /** Codes that are sent to email addresses for one address of the network in an hour. */
    EMAIL_CODES_PER_ADDRESS: positive.default(20),
    /** Client ids at Google whose ID tokens sign people in, by comma. None: nobody signs in with Google. */
    GOOGLE_CLIENT_IDS: list.default([]),
    /** What its tokens name as their issuer, by comma, and where its keys are (JSON Web Key Set). */
    GOOGLE_ISSUERS: list.default(['https://accounts.google.com', 'accounts.google.com']),
    GOOGLE_JWKS_URL: z.url().default('https://www.googleapis.com/oauth2/v3/certs'),
    /** Our private key to push services (VAPID, RFC 8292): 32 bytes, base64url. Unset: there is no web push. */
    VAPID_PRIVATE_KEY: optional(z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url')),
    /** Where operators of push services reach us, `mailto:` or `https:`. Unset: PUBLIC_URL. */
    VAPID_SUBJECT: optional(z.string().regex(/^(mailto:|https:)/, 'must start with mailto: or https:')),
    /** The key of a Google service account that may send by Firebase Cloud Messaging: its JSON, or a file with it. Unset: there is no FCM. */
    FCM_SERVICE_ACCOUNT: optional(serviceAccount),
    FCM_SERVICE_ACCOUNT_FILE: optional(serviceAccountFile),
    /** Where FCM's HTTP v1 API is. */
    FCM_BASE_URL: secureUrl.transform((url) => url.replace(/\/+$/, '')).default('https://fcm.googleapis.com'),
    /** Push services may be at private addresses, and without TLS. For tests alone. */
    PUSH_ALLOW_PRIVATE: flag.default(false),
    /** Encrypt stream keys of restream targets, `id:secret` by comma: the first seals, the others open what they sealed. Unset: ACCESS_TOKEN_SECRET does. */
    RESTREAM_SECRETS: restreamSecrets.default([]),
    /** Restream targets of one user. */
    RESTREAM_TARGETS_PER_USER: positive.max(8).default(5),
    /** Restream targets may be at private addresses; set it for workers, too. */
    RESTREAM_ALLOW_PRIVATE: flag.default(false),
    /** The first retry of a push comes after about this time, the next ones ever later. */
    PUSH_RETRY_MS: positive.default(5_000),
    /** Refused stream keys per publisher address in 5 minutes. */
    STREAM_KEY_FAILURES_PER_ADDRESS: positive.default(30),
    /** Join tokens per address in 5 minutes: a whole hall may watch from one. */
    JOIN_RATE_PER_ADDRESS: positive.default(3_000),
    /** About how many events for sockets Redis keeps, for api processes that are behind and clients that were away. */
    SOCKET_STREAM_ENTRIES: positive.default(100_000),
    /** Connections of one user to one api process, and of all guests from one address (IPv6: one /64 network). */
    SOCKETS_PER_USER: positive.default(50),
    GUEST_SOCKETS_PER_ADDRESS: positive.default(1_000),
    /** What may wait for one connection for long; eight times as much at once. Beyond, its line is dropped. */
    SOCKET_MAX_WAITING_BYTES: positive.default(2_097_152),
    /** Messages of a session's viewers that other viewers are shown in a second, of those that come to one api process. */
    CHAT_VIEWER_RATE: positive.default(60),
    /** Chat messages of one user in ten seconds, from one address in a second, in one session in a second. */
    CHAT_RATE_PER_USER: positive.default(10),
    CHAT_RATE_PER_ADDRESS: positive.default(30),
    CHAT_RATE_PER_ROOM: positive.default(1_000),
    /** Judges what is written in chats, by HTTP, within 200 ms; unset: nobody does. What becomes of a text that it did not judge. */
    CHAT_CLASSIFIER_URL: optional(z.url({ protocol: /^https?$/ })),
    CHAT_CLASSIFIER_TOKEN: optional(z.string()),
    CHAT_CLASSIFIER_FALLBACK: z.enum(['allow', 'refuse']).default('allow'),
    /** What one user asks of stages (requests, invitations, mutes, bans) in a minute. */
    STAGE_RATE_PER_USER: positive.default(60),
    /** What one user changes between people (follows, blocks, contacts) and of the own account in a minute. */
    PEOPLE_RATE_PER_USER: positive.default(60),
    /** Searches for people and channels in a minute, of a user or of an address without a sign-in; there, lists of followers, too. */
    SEARCH_RATE_PER_USER: positive.default(120),
    /** What one user changes of conversations and their members in a minute. */
    CONVERSATION_RATE_PER_USER: positive.default(60),
    /** Messages that one user sends, edits, deletes or forwards in a minute. */
    MESSAGE_RATE_PER_USER: positive.default(120),
    /** Statuses that one user makes or deletes in an hour. */
    STATUS_RATE_PER_USER: positive.default(100),
    /** Who takes people's money for coins. Unset: `test`, where a click pays; in production `none`. */
    PAYMENT_PROVIDER: optional(z.enum(['none', 'test', 'stripe'])),
    STRIPE_SECRET_KEY: optional(z.string().min(1)),
    STRIPE_WEBHOOK_SECRET: optional(z.string().min(1)),
    /** Unset: Stripe's own. */
    STRIPE_API_URL: optional(baseUrl),
    /** ISO 4217, lower case. */
    COIN_CURRENCY: z
      .string()
      .regex(/^[a-z]{3}$/, 'must be a currency like usd')
      .default('usd'),
    /** What 100 coins cost, in the smallest unit of the currency, and what is paid out for as many earned ones. */
    COIN_PRICE_PER_100: positive.max(100_000).default(100),
    COIN_PAYOUT_PER_100: positive.max(100_000).default(50),
    /** The platform's part of each gift. */
    GIFT_COMMISSION_PERCENT: z.coerce.number().int().min(0).max(100).default(30),
    /** Deposits and withdrawals that one user asks for in a minute. */
    WALLET_RATE_PER_USER: positive.default(30),
    /** Gifts that one user sends in a minute. */
    GIFT_RATE_PER_USER: positive.default(600),
  })
  .refine((config) => config.ACCESS_TOKEN_SECRET !== config.INTERNAL_SECRET, {
    path: ['ACCESS_TOKEN_SECRET'],
    message: 'must differ from INTERNAL_SECRET',
  })
  .refine(({ SMTP_URL: url, MAIL_FROM: from }) => url === undefined || from !== undefined, {
    path: ['MAIL_FROM'],
    message: 'must be set together with SMTP_URL',
  })
  .refine(
    ({ FCM_SERVICE_ACCOUNT: text, FCM_SERVICE_ACCOUNT_FILE: file }) =>
      text === undefined || file === undefined,
    { path: ['FCM_SERVICE_ACCOUNT_FILE'], message: 'must not be set together with FCM_SERVICE_ACCOUNT' },
  )
  .refine((config) => config.PAYMENT_PROVIDER !== 'test' || config.NODE_ENV !== 'production', {
    path: ['PAYMENT_PROVIDER'],
    message: 'must not be test in production: coins would be free',
  })
  .refine((config) => config.PAYMENT_PROVIDER !== 'stripe' || hasStripe(config), {
    path: ['PAYMENT_PROVIDER'],
    message: 'needs STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET and PUBLIC_URL',
  })
  .refine((config) => config.COIN_PAYOUT_PER_100 <= config.COIN_PRICE_PER_100, {
    path: ['COIN_PAYOUT_PER_100'],
    message: 'must not be more than COIN_PRICE_PER_100',
  });

function hasStripe(
  config: Partial<Record<'STRIPE_SECRET_KEY' | 'STRIPE_WEBHOOK_SECRET' | 'PUBLIC_URL', string>>,
) {
  return (
    config.STRIPE_SECRET_KEY !== undefined &&
    config.STRIPE_WEBHOOK_SECRET !== undefined &&
    config.PUBLIC_URL !== undefined
  );
}

export type ApiConfig = z.infer<typeof configSchema>;
