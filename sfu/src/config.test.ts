import { configSchema } from './config.ts';

const env = { REDIS_URL: 'unix:///run/redis.sock', INTERNAL_SECRET: 'k'.repeat(16) + 'm'.repeat(16) };

describe('configSchema', () => {
  it('needs nothing but Redis and the internal secret', () => {
    const config = configSchema.parse(env);
    expect(config.OPS_PORT).toBe(9102);
    expect(config.SFU_WORKERS).toBeGreaterThanOrEqual(1);
    expect(config.SFU_WORKERS).toBeLessThanOrEqual(2);
  });

  it('takes an empty worker path as not set', () => {
    expect(configSchema.parse({ ...env, MEDIASOUP_WORKER_BIN: '' }).MEDIASOUP_WORKER_BIN).toBeUndefined();
  });

  it('refuses a range of ports that runs backwards', () => {
    const parsed = configSchema.safeParse({ ...env, SFU_RTC_MIN_PORT: '5000', SFU_RTC_MAX_PORT: '4000' });
    expect(parsed.error?.issues[0]?.path).toEqual(['SFU_RTC_MAX_PORT']);
  });
});
