import { availableParallelism } from 'node:os';
import { baseConfig, optional, port } from '@maydan/common';
import { z } from 'zod';

/** More Workers than this are for machines that carry many rooms; set SFU_WORKERS there. */
const defaultMaxWorkers = 2;

/** The sfu's environment; see the table of configuration in the README. */
export const configSchema = z
  .object({
    ...baseConfig,
    OPS_PORT: port.default(9102),
    /** The mediasoup-worker program; by default the one in the npm package, which only its install script brings. */
    MEDIASOUP_WORKER_BIN: optional(z.string()),
    /** mediasoup Workers, each one thread; by default one per core, at most two. */
    SFU_WORKERS: z.coerce
      .number()
      .int()
      .min(1)
      .max(64)
      .default(Math.min(availableParallelism(), defaultMaxWorkers)),
    /** UDP and TCP ports for media. */
    SFU_RTC_MIN_PORT: port.default(40_000),
    SFU_RTC_MAX_PORT: port.default(49_999),
  })
  .refine((config) => config.SFU_RTC_MIN_PORT < config.SFU_RTC_MAX_PORT, {
    path: ['SFU_RTC_MAX_PORT'],
    message: 'must be above SFU_RTC_MIN_PORT',
  });
export type SfuConfig = z.infer<typeof configSchema>;
