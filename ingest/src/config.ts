import { baseConfig, optional, port } from '@maydan/common';
import { z } from 'zod';

const positive = z.coerce.number().int().positive();

/** Ingest's environment; see the table of configuration in the README. */
export const configSchema = z
  .object({
    ...baseConfig,
    OPS_PORT: port.default(9103),
    RTMP_HOST: z.string().default('0.0.0.0'),
    RTMP_PORT: port.default(1935),
    RTMPS_PORT: optional(port),
    TLS_KEY_FILE: optional(z.string()),
    TLS_CERT_FILE: optional(z.string()),
    RELAY_HOST: z.string().default('127.0.0.1'),
    RELAY_PORT: port.default(8081),
    /** Address of the relay as workers reach it; by default this host's. */
    RELAY_BASE_URL: optional(z.url().transform((url) => url.replace(/\/+$/, ''))),
    API_INTERNAL_URL: z.url().default('http://127.0.0.1:8080'),
    /** How long a publish is held while the api is asked, retries included. */
    AUTHORIZE_TIMEOUT_MS: positive.default(5_000),
    /** From connecting to the request to publish. */
    HANDSHAKE_TIMEOUT_MS: positive.default(10_000),
    /** Silence after which a publisher counts as gone. */
    PUBLISH_TIMEOUT_MS: positive.default(15_000),
    MAX_CONNECTIONS: positive.default(2_000),
    /** Per IPv4 address or IPv6 /64 network. */
    MAX_CONNECTIONS_PER_ADDRESS: positive.default(100),
    /** Refused stream keys per address and minute before its publishes are refused unasked. */
    MAX_REFUSALS_PER_MINUTE: positive.default(10),
  })
  .refine(
    (config) =>
      config.RTMPS_PORT === undefined ||
      (config.TLS_KEY_FILE !== undefined && config.TLS_CERT_FILE !== undefined),
    { path: ['RTMPS_PORT'], message: 'needs TLS_KEY_FILE and TLS_CERT_FILE' },
  );
export type IngestConfig = z.infer<typeof configSchema>;
