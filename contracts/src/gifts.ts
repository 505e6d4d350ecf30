import { z } from 'zod';
import { cleanLine, cleanText, showsSomething } from './cleanText.ts';
import { isoDate, sessionId, userId } from './ids.ts';
import { pageInput } from './people.ts';
import { publicUser } from './sessions.ts';
import { coinAmount, keyedHeaders } from './wallet.ts';

/** An address of a picture or animation: of another site by HTTPS, or a path of ours. */
const assetUrl = z
  .string()
  .max(400)
  .regex(/^(https:\/\/[^\s"'<>\\]+|\/(?!\/)[\w.~/-]+)$/, 'must be an https address or a path');
const name = z.string().max(40).overwrite(cleanLine).refine(showsSomething, 'must not be empty');

/** What an icon or an animation may be. An SVG or Lottie document runs nothing and loads nothing. */
export const giftAssetKind = z.enum(['lottie', 'webp', 'png', 'svg']);
export type GiftAssetKind = z.infer<typeof giftAssetKind>;
/** Bytes of one. */
export const maxGiftAssetBytes = 262_144;
export const giftAssetInput = z.object({
  kind: giftAssetKind,
  /** The file, in base64. */
  content: z
    .base64()
    .min(1)
    .max(4 * Math.ceil(maxGiftAssetBytes / 3)),
});
export type GiftAssetInput = z.infer<typeof giftAssetInput>;
/** `url` can be the icon or animation of a gift. */
export const giftAsset = z.object({ url: assetUrl, byteLength: z.int() });
export type GiftAsset = z.infer<typeof giftAsset>;
export const giftAssetsPath = '/api/gift-assets';
const extensions: Record<GiftAssetKind, string> = { lottie: 'json', webp: 'webp', png: 'png', svg: 'svg' };
/** Where content is got, by its SHA-256 in hexadecimal: the same path is always the same content. */
export const giftAssetPath = (hash: string, kind: GiftAssetKind): string =>
  `${giftAssetsPath}/${hash}.${extensions[kind]}`;

/** What is shown when the gift arrives: a Lottie document (JSON) or an animated WebP. */
export const giftAnimation = z.object({ kind: z.enum(['lottie', 'webp']), url: assetUrl });
const shown = {
  name: z.object({ en: name, ar: name }),
  iconUrl: assetUrl,
  animation: giftAnimation.nullable(),
};

export const gift = z.object({
  id: z.uuid(),
  ...shown,
  /** In coins. */
  price: z.int().min(1).max(1_000_000),
  /** Only active ones can be sent. */
  active: z.boolean(),
  /** The catalogue goes by it. */
  position: z.int().min(0).max(10_000),
});
export type Gift = z.infer<typeof gift>;
export const giftList = z.object({ items: z.array(gift) });
export const giftInput = gift
  .omit({ id: true })
  .extend({ active: z.boolean().default(true), position: gift.shape.position.default(0) });
export type GiftInput = z.infer<typeof giftInput>;
/** What is absent stays as it is. */
export const giftUpdateInput = gift.partial().extend({ id: z.uuid() });
export type GiftUpdateInput = z.infer<typeof giftUpdateInput>;

export const sentGift = z.object({
  id: z.uuid(),
  sessionId,
  sender: publicUser,
  recipient: publicUser,
  gift: z.object({ id: z.uuid(), ...shown }),
  quantity: z.int(),
  /** What it cost, all together. */
  coins: coinAmount,
  message: z.string(),
  at: isoDate,
  /** An admin gave the coins back. */
  returned: z.boolean(),
});
export type SentGift = z.infer<typeof sentGift>;
/**
 * As the room of its session is told. Gifts of one sender to one recipient within five seconds are one combo: `count` is
 * how many so far.
 */
export const toldGift = sentGift.extend({ combo: z.object({ id: z.uuid(), count: z.int() }) });
export const sentGiftPage = z.object({ items: z.array(sentGift), nextCursor: z.string().nullable() });
export type SentGiftPage = z.infer<typeof sentGiftPage>;

export const giftSendInput = z.object({
  params: z.object({ id: sessionId }),
  headers: keyedHeaders,
  body: z.object({
    giftId: z.uuid(),
    quantity: z.int().min(1).max(999).default(1),
    /** The host, or somebody on stage. Absent: the host. */
    recipientId: userId.optional(),
    /** All who are there see it: what the chat refuses is refused here. */
    message: z.string().max(200).overwrite(cleanText).default(''),
  }),
});
export type GiftSendInput = z.infer<typeof giftSendInput>;

export const giftTotals = z.object({
  /** How many were sent, by quantity. */
  gifts: z.int(),
  coins: coinAmount,
  senders: z.int(),
});
export type GiftTotals = z.infer<typeof giftTotals>;

/** Of UTC: a day, a week from Monday, a month. */
export const leaderboardPeriod = z.enum(['day', 'week', 'month']);
export type LeaderboardPeriod = z.infer<typeof leaderboardPeriod>;
const most = { limit: z.coerce.number().int().min(1).max(100).default(20) };
export const sessionLeaderboardInput = z.object({ id: sessionId, ...most });
export const userLeaderboardInput = z.object({
  id: userId,
  period: leaderboardPeriod.default('week'),
  ...most,
});
export const hostsLeaderboardInput = z.object({ period: leaderboardPeriod.default('week'), ...most });
/** Those who gave, or got, most coins, the first ones first; people whom a block hides are left out. */
export const leaderboard = z.object({
  items: z.array(z.object({ user: publicUser, coins: coinAmount, rank: z.int().min(1) })),
});
export type Leaderboard = z.infer<typeof leaderboard>;
/** `drifted`: how many boards were not as the ledger says. */
export const leaderboardsRebuilt = z.object({ boards: z.int(), drifted: z.int() });

export const sessionGiftsInput = pageInput.extend({ id: sessionId });
