import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Names under which secrets travel; their values never reach a log. */
const secretNames = [
  'streamKey',
  'key',
  'password',
  'passwordHash',
  'token',
  'accessToken',
  'refreshToken',
  'relayToken',
  'authorization',
  'cookie',
  'secret',
  'idToken',
  'SMS_GATEWAY_TOKEN',
  'SMTP_URL',
  'INTERNAL_SECRET',
  'ACCESS_TOKEN_SECRET',
  'S3_SECRET_ACCESS_KEY',
  'DATABASE_URL',
  'privateKey',
  'access_token',
  'FCM_SERVICE_ACCOUNT',
  'FCM_SERVICE_ACCOUNT_FILE',
  'VAPID_PRIVATE_KEY',
  'RESTREAM_SECRETS',
];
const paths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*.*.*.${name}`]);

/** JSON lines on stdout; child loggers carry `sessionId`, `requestId`, `jobId`. */
export function createLogger(service: string, level = 'info', destination?: DestinationStream): Logger {
  const options = { level, base: { service, pid: process.pid }, redact: { paths, censor: '[redacted]' } };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/**
 * Standard output for a process that logs each request: written ten times a second at least, or when there is much, as a write for
 * each line costs as much as a small request. At its end the process writes the rest; one that is killed loses
 * its last tenth of a second.
 */
export function gatheredOutput(): DestinationStream {
  return pino.destination({ dest: 1, sync: false, minLength: 4_096, periodicFlush: 100 });
}
