import { z } from 'zod';

/** Exit code of a wrong configuration (EX_CONFIG of sysexits.h); the supervisor doesn't restart on it. */
export const exitCodeConfig = 78;

const weak = /^(.)\1*$|change|secret|password|example|^dev/i;

/** A secret of at least 32 characters; guessable ones are refused in production. */
export const secret = z
  .string()
  .min(32, 'must have at least 32 characters')
  .refine(
    (value) => process.env.NODE_ENV !== 'production' || !weak.test(value),
    'is too weak for production',
  );

/** Empty strings in an environment file mean "not set". */
export const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional());

export const port = z.coerce.number().int().min(0).max(65535);
export const flag = z
  .enum(['true', 'false', '1', '0'])
  .transform((value) => value === 'true' || value === '1');

/**
 * The proxies whose word for a client's address is taken, as Express's `trust proxy` wants them: false, true, a number
 * of proxies, or a list of addresses (`loopback, 10.0.0.0/8`).
 */
export const trustProxy = z.string().transform((value): boolean | number | string => {
  if (value === '' || value === 'false') return false;
  if (value === 'true') return true;
  return /^\d+$/.test(value) ? Number(value) : value;
});

/** `redis://…`, `rediss://…` or `unix:///path/redis.sock`. */
export const redisUrl = z
  .string()
  .regex(/^(rediss?|unix):\/\//, 'must start with redis://, rediss:// or unix://');

/** What every service reads. */
export const baseConfig = {
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  REDIS_URL: redisUrl,
  INTERNAL_SECRET: secret,
  OPS_HOST: z.string().default('127.0.0.1'),
} as const;

/** S3-protocol storage; what the workers write and the api removes. */
export const s3Config = {
  S3_ENDPOINT: optional(z.url()),
  S3_REGION: z.string().default('us-east-1'),
  S3_ACCESS_KEY_ID: z.string().min(1),
  S3_SECRET_ACCESS_KEY: z.string().min(1),
  S3_BUCKET: z.string().min(3).default('maydan'),
  S3_FORCE_PATH_STYLE: flag.default(true),
} as const;

/**
 * Parses a service's environment. All problems are printed together and the process exits with 78:
 * a service with a wrong configuration never half-starts.
 */
export function loadConfig<T extends z.ZodType>(schema: T, env: NodeJS.ProcessEnv = process.env): z.infer<T> {
  const parsed = schema.safeParse(env);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(
    (issue) => `  ${issue.path.join('.') || 'configuration'}: ${issue.message}`,
  );
  process.stderr.write(`The configuration is not valid:\n${lines.join('\n')}\n`);
  process.exit(exitCodeConfig);
}
