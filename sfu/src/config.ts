import { availableParallelism, hostname } from 'node:os';
import { baseConfig, flag, optional, port, trustProxy } from '@maydan/common';
import { z } from 'zod';

/** What a room with an RTMP source, a stage and its recording takes, with something to spare. */
const leastPorts = 20;
/** Most Workers that a node may have. */
const mostWorkers = 64;

const positive = z.coerce.number().int().positive();
const baseUrl = z.url().transform((url) => url.replace(/\/+$/, ''));
/** Addresses by comma, each with one of the schemes: `stun:stun.example.org:3478`. */
const iceUrls = (...schemes: string[]) =>
  z
    .string()
    .default('')
    .transform((value) => value.split(',').map((url) => url.trim()))
    .transform((list) => list.filter((url) => url !== ''))
    .pipe(
      z.array(z.string().regex(new RegExp(`^(${schemes.join('|')}):`), `must begin with ${schemes[0]}:`)),
    );

/** The sfu's environment; see the table of configuration in the README. */
export const configSchema = z
  .object({
    ...baseConfig,
    OPS_PORT: port.default(9102),
    /** Signaling, WHIP and WHEP. */
    SFU_HOST: z.string().default('0.0.0.0'),
    SFU_PORT: port.default(8082),
    /** Where clients reach signaling, WHIP and WHEP; unset: the api's host name with the port. */
    SFU_PUBLIC_URL: optional(baseUrl),
    /** Where workers and other nodes reach this one, also with RTP; by default on this machine. */
    SFU_INTERNAL_URL: optional(baseUrl),
    /** Tells nodes apart; by default the name of the host with the port. */
    SFU_NODE_ID: optional(z.string().regex(/^[a-z0-9-]{1,40}$/, 'takes a-z, 0-9 and -, at most 40')),
    TRUST_PROXY: trustProxy.default(false),
    API_INTERNAL_URL: baseUrl.default('http://127.0.0.1:8080'),
    /** The mediasoup-worker program; by default the one in the npm package, which only its install script brings. */
    MEDIASOUP_WORKER_BIN: optional(z.string()),
    /** mediasoup Workers, each one thread; by default one for each core that this process may use. */
    SFU_WORKERS: z.coerce
      .number()
      .int()
      .min(1)
      .max(mostWorkers)
      .default(Math.min(availableParallelism(), mostWorkers)),
    /** Consumers from which on a room's further viewers go to another Worker; with twice as many a Worker is full. */
    SFU_CONSUMERS_PER_WORKER: positive.default(500),
    /** UDP and TCP port of the first Worker's WebRTC; each further Worker has the next. 0: any free ones. */
    SFU_RTC_PORT: port.default(40_000),
    /** Address that clients send WebRTC to, when it isn't one of this machine's own. A name is looked up at the start. */
    SFU_ANNOUNCED_ADDRESS: optional(z.string()),
    /** UDP ports for plain RTP between our services and between Workers, and towards clients that are ICE lite. */
    SFU_RTC_MIN_PORT: port.default(40_100),
    SFU_RTC_MAX_PORT: port.default(49_999),
    /** Encrypts what this node gets from other nodes of the sfu, and sends them nothing in clear. The same on all. */
    SFU_PIPE_SRTP: flag.default(true),
    /** How long a peer stays in its room after its connection was lost. */
    SFU_PEER_GRACE_MS: positive.default(15_000),
    /** Most that one peer may send, in bits per second. */
    SFU_MAX_INCOMING_BITRATE_BPS: positive.default(8_000_000),
    /** STUN servers for clients, by comma. */
    SFU_STUN_URLS: iceUrls('stun', 'stuns'),
    /** TURN servers for clients, by comma; with `use-auth-secret` and the same secret. */
    TURN_URLS: iceUrls('turn', 'turns'),
    TURN_SECRET: optional(z.string().min(16, 'must have at least 16 characters')),
  })
  .refine((config) => config.SFU_RTC_MAX_PORT - config.SFU_RTC_MIN_PORT + 1 >= leastPorts, {
    path: ['SFU_RTC_MAX_PORT'],
    message: `must be above SFU_RTC_MIN_PORT, with at least ${leastPorts} ports from there to here`,
  })
  .refine(
    ({ SFU_RTC_PORT: first, SFU_WORKERS: count, ...range }) => {
      return first === 0 || first + count <= range.SFU_RTC_MIN_PORT || first > range.SFU_RTC_MAX_PORT;
    },
    {
      path: ['SFU_RTC_PORT'],
      message: 'and the ports after it must be outside of SFU_RTC_MIN_PORT to SFU_RTC_MAX_PORT',
    },
  )
  .refine((config) => config.TURN_URLS.length > 0 === (config.TURN_SECRET !== undefined), {
    path: ['TURN_SECRET'],
    message: 'goes with TURN_URLS',
  });
export type SfuConfig = z.infer<typeof configSchema>;

/** The node's name: as configured, else the host's with the port it listens on. */
export function nodeIdOf(config: SfuConfig, httpPort: number): string {
  const host = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-');
  return config.SFU_NODE_ID ?? `${host.slice(0, 30)}-${httpPort}`;
}
