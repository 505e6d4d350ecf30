import { z } from 'zod';
import { isoDate, sessionId } from './ids.ts';
import { shownLine } from './texts.ts';

/** Where a restream target listens, as its URL says. */
export interface RestreamAddress {
  readonly tls: boolean;
  /** A name, or an IP address without brackets. */
  readonly host: string;
  readonly port: number;
  /** The application, as RTMP calls the path. */
  readonly app: string;
}

const urlPattern = /^(rtmps?):\/\/(\[[0-9a-f:.]+\]|[^\s/:?#@[\]]+)(?::(\d{1,5}))?\/([^\s#]*[^\s#/])\/*$/i;
const defaultPorts = { rtmp: 1935, rtmps: 443 } as const;

/**
 * Reads an address for RTMP or RTMPS; null for what is none. It has no user, no password and no stream key. The host is
 * brought to its usual form, so that `0x7f.1` is seen as the loopback address that it is.
 */
export function parseRestreamUrl(text: string): RestreamAddress | null {
  const [, scheme = '', host = '', givenPort, app = ''] = urlPattern.exec(text) ?? [];
  const hostname = URL.parse(`http://${host}/`)?.hostname ?? '';
  const tls = scheme.toLowerCase() === 'rtmps';
  const port = givenPort === undefined ? defaultPorts[tls ? 'rtmps' : 'rtmp'] : Number(givenPort);
  if (hostname === '' || port < 1 || port > 65_535) return null;
  return { tls, host: hostname.replace(/^\[|\]$/g, ''), port, app };
}

/**
 * `idle`: nothing to send at present, or switched off. `retrying`: tried again at `nextTryAt`. `failed`: given up until the
 * target is changed or switched off and on, or the next session.
 */
export const restreamState = z.enum(['idle', 'connecting', 'live', 'retrying', 'failed']);
export type RestreamState = z.infer<typeof restreamState>;

/**
 * Why a target gets nothing. `addressRefused`: its name leads to an address that isn't public. `rejected`: it doesn't take the
 * stream key, or ends each stream at once. `closed`: it ended the connection. `stalled`: it takes nothing any more.
 * `tooSlow`: it takes less than is sent. `codecUnsupported`: it doesn't say that it takes the source's codec (Enhanced RTMP).
 * `keyUnreadable`: its stream key was sealed with a secret that the platform has no longer; it has to be given again.
 */
export const restreamFault = z.enum([
  'addressRefused',
  'nameNotFound',
  'unreachable',
  'certificate',
  'rejected',
  'protocol',
  'closed',
  'stalled',
  'tooSlow',
  'codecUnsupported',
  'keyUnreadable',
  'internal',
]);
export type RestreamFault = z.infer<typeof restreamFault>;

export const restreamStatus = z.object({
  state: restreamState,
  /** Null while nothing is wrong. `message` is in English, for people who look into it; it never holds the stream key. */
  reason: z.object({ code: restreamFault, message: z.string().max(300) }).nullable(),
  /** When the state began. */
  since: isoDate,
  /** Sent over the present connection, or over the last one. */
  byteLength: z.int().min(0),
  /** Connections in a row that came to nothing. */
  failures: z.int().min(0),
  nextTryAt: isoDate.nullable(),
});
export type RestreamStatus = z.infer<typeof restreamStatus>;

/** What is shown of a restream target; the stream key itself is shown nowhere. */
export const restreamTarget = restreamStatus.extend({
  id: z.uuid(),
  name: z.string(),
  url: z.string(),
  /** The last four characters of the stream key; empty for a short one. */
  keyHint: z.string(),
  enabled: z.boolean(),
  createdAt: isoDate,
});
export type RestreamTarget = z.infer<typeof restreamTarget>;

const name = shownLine(60);
const url = z
  .string()
  .trim()
  .max(300)
  .refine((text) => parseRestreamUrl(text) !== null, 'must be like rtmp://host/app or rtmps://host/app');
const streamKey = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .regex(/^[\x21-\x7e]+$/, 'must be without blanks');

export const restreamTargetInput = z.object({ name, url, streamKey, enabled: z.boolean().default(true) });
export const restreamTargetUpdateInput = z.object({
  id: z.uuid(),
  name: name.optional(),
  url: url.optional(),
  streamKey: streamKey.optional(),
  enabled: z.boolean().optional(),
});
/** Not paginated: a user has few. The oldest first. */
export const restreamTargetList = z.object({ items: z.array(restreamTarget) });

/**
 * Question of the worker that restreams a session: `POST /internal/restream/targets`, bearer token of
 * `mintInternalToken('workers')`. The answer has what is switched on; nothing when the session is over.
 */
export const restreamWantedInput = z.object({ sessionId });
export const restreamWanted = z.object({
  id: z.uuid(),
  url: z.string(),
  /** Null when it can't be decrypted. */
  streamKey: z.string().nullable(),
  /** Raised when the target is switched on, or its address or key changes: then it is begun anew. */
  version: z.int().min(1),
});
export type RestreamWanted = z.infer<typeof restreamWanted>;
export const restreamWantedOutput = z.object({ targets: z.array(restreamWanted).max(100) });

/** In Redis under `restreamStatusKey(targetId)`: how the worker sees a target. It expires when the worker is gone. */
export const restreamReport = restreamStatus.extend({ sessionId, version: z.int().min(1) });
export type RestreamReport = z.infer<typeof restreamReport>;

export const restreamStatusKey = (targetId: string): string => `maydan:restream:${targetId}`;
/** Channel on which the api tells the worker that the targets of a session's host have changed. */
export const restreamChannel = (id: string): string => `maydan:session:${id}:restream`;
/** Held by the one run that may send to a session's targets. */
export const restreamLeaseKey = (id: string): string => `maydan:session:${id}:restream:lease`;
