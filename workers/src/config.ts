import { availableParallelism } from 'node:os';
import { baseConfig, flag, optional, port, s3Config } from '@maydan/common';
import { z } from 'zod';

/** Share of the machine that encoders may plan with when no budget is given; the rest is the packager's and the origin's. */
const defaultBudgetShare = 0.9;

/** Environment of the workers process. */
export const configSchema = z.object({
  ...baseConfig,
  ...s3Config,
  OPS_PORT: port.default(9104),
  ORIGIN_HOST: z.string().default('0.0.0.0'),
  ORIGIN_PORT: port.default(8090),
  /** How other workers reach this origin; default: loopback with the port in use. */
  ORIGIN_INTERNAL_URL: optional(z.url()),
  /** Folder of recordings that are not stored yet; keep it on a disk that survives restarts. */
  SPOOL_DIR: z.string().min(1),
  SPOOL_MAX_BYTES: z.coerce.number().int().min(1_000_000).default(10_737_418_240),
  FFMPEG_PATH: z.string().default('ffmpeg'),
  FFPROBE_PATH: z.string().default('ffprobe'),
  /** Cores that encoding may take. */
  WORKER_CPU_BUDGET: z.coerce
    .number()
    .positive()
    .default(availableParallelism() * defaultBudgetShare),
  /** How far back viewers of a live session can go. */
  DVR_WINDOW_SEC: z.coerce.number().int().min(30).default(14_400),
  PART_TARGET_MS: z.coerce.number().int().min(100).max(1_000).default(250),
  SEGMENT_TARGET_MS: z.coerce.number().int().min(1_000).max(6_000).default(2_000),
  /** RTMP sources that one worker brings into rooms of the sfu; each costs about 0.08 cores: 0.03 for its sound, 0.05 for its packets. */
  FORWARD_CONCURRENCY: z.coerce.number().int().min(1).max(1_000).default(50),
  /** Where composed stages are relayed to workers. */
  STAGE_RELAY_HOST: z.string().default('127.0.0.1'),
  STAGE_RELAY_PORT: port.default(8091),
  /** How other workers reach that relay; default: loopback with the port in use. */
  STAGE_RELAY_INTERNAL_URL: optional(z.url()),
  /** Our address for RTP from the sfu; default: the one that faces it. */
  STAGE_RTP_ADDRESS: optional(z.string()),
  /** Height of a composed picture (16:9); smaller when cores are short. */
  STAGE_HEIGHT: z.coerce.number().int().min(180).max(1_080).multipleOf(2).default(720),
  STAGE_FRAME_RATE: z.coerce.number().int().min(10).max(60).default(30),
  /** Rooms that one worker watches over; how many stages are composed is decided by WORKER_CPU_BUDGET. */
  STAGE_CONCURRENCY: z.coerce.number().int().min(1).max(1_000).default(50),
  /** Sessions that one worker sends to their hosts' other RTMP targets; each target of 6 Mbit/s costs about 0.8 % of a core. */
  RESTREAM_CONCURRENCY: z.coerce.number().int().min(1).max(1_000).default(50),
  /** Such targets may be at private addresses; set it for the api, too. */
  RESTREAM_ALLOW_PRIVATE: flag.default(false),
  API_INTERNAL_URL: z.url().default('http://127.0.0.1:8080'),
  /** Uploaded files that are checked at once. */
  MEDIA_CONCURRENCY: z.coerce.number().int().min(1).max(16).default(2),
  VOD_CONCURRENCY: z.coerce.number().int().min(1).max(16).default(1),
});
export type Config = z.infer<typeof configSchema>;
