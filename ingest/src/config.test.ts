import { configSchema } from './config.ts';

const needed = { INTERNAL_SECRET: 'x1'.repeat(16), REDIS_URL: 'unix:///run/redis.sock' };

describe('the configuration of ingest', () => {
  it('has defaults for everything but secrets and addresses', () => {
    const config = configSchema.parse(needed);
    expect(config.RTMPS_PORT).toBeUndefined();
    expect(config).toMatchObject({
      RTMP_PORT: 1935,
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: 8081,
      OPS_PORT: 9103,
      PUBLISH_TIMEOUT_MS: 15_000,
    });
  });

  it('takes RTMPS only with a certificate', () => {
    const result = configSchema.safeParse({ ...needed, RTMPS_PORT: '1936', TLS_KEY_FILE: 'key.pem' });
    expect(result.error?.issues.map((issue) => issue.path[0])).toEqual(['RTMPS_PORT']);
    const tls = { RTMPS_PORT: '0', TLS_KEY_FILE: 'key.pem', TLS_CERT_FILE: 'cert.pem' };
    expect(configSchema.parse({ ...needed, ...tls }).RTMPS_PORT).toBe(0);
  });

  it('takes the relay address without a slash at its end', () => {
    const config = configSchema.parse({ ...needed, RELAY_BASE_URL: 'http://ingest-1:8081/' });
    expect(config.RELAY_BASE_URL).toBe('http://ingest-1:8081');
  });
});
