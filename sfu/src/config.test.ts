import { availableParallelism } from 'node:os';
import { configSchema, nodeIdOf } from './config.ts';

const env = { REDIS_URL: 'unix:///run/redis.sock', INTERNAL_SECRET: 'k'.repeat(16) + 'm'.repeat(16) };

describe('configSchema', () => {
  it('needs nothing but Redis and the internal secret', () => {
    const config = configSchema.parse(env);
    expect(config.OPS_PORT).toBe(9102);
    expect(config.SFU_WORKERS).toBe(Math.min(availableParallelism(), 64));
    expect(config).toMatchObject({ SFU_PORT: 8082, SFU_RTC_PORT: 40_000, SFU_STUN_URLS: [], TURN_URLS: [] });
    expect(nodeIdOf(config, 8082)).toMatch(/^[a-z0-9-]{1,40}$/);
  });

  it('takes an empty worker path as not set', () => {
    expect(configSchema.parse({ ...env, MEDIASOUP_WORKER_BIN: '' }).MEDIASOUP_WORKER_BIN).toBeUndefined();
  });

  it('refuses a range of ports that runs backwards', () => {
    const parsed = configSchema.safeParse({ ...env, SFU_RTC_MIN_PORT: '5000', SFU_RTC_MAX_PORT: '4000' });
    expect(parsed.error?.issues[0]?.path).toEqual(['SFU_RTC_MAX_PORT']);
  });

  it('refuses a range of ports that is too small to work with', () => {
    const range = (last: number) => ({ ...env, SFU_RTC_MIN_PORT: '5000', SFU_RTC_MAX_PORT: String(last) });
    const [issue] = configSchema.safeParse(range(5018)).error?.issues ?? [];
    expect(issue).toMatchObject({ path: ['SFU_RTC_MAX_PORT'], message: expect.stringContaining('20 ports') });
    expect(configSchema.safeParse(range(5019)).success).toBe(true);
  });

  it('refuses a WebRTC port within the range of plain RTP', () => {
    const parsed = configSchema.safeParse({ ...env, SFU_RTC_PORT: '40099', SFU_WORKERS: '2' });
    expect(parsed.error?.issues[0]?.path).toEqual(['SFU_RTC_PORT']);
    expect(configSchema.safeParse({ ...env, SFU_RTC_PORT: '0' }).success).toBe(true);
  });

  it('takes TURN servers with their secret only', () => {
    const urls = 'turn:turn.example:3478?transport=udp, turns:turn.example:5349';
    const config = configSchema.parse({ ...env, TURN_URLS: urls, TURN_SECRET: 'x'.repeat(16) });
    expect(config.TURN_URLS).toEqual(['turn:turn.example:3478?transport=udp', 'turns:turn.example:5349']);
    expect(configSchema.safeParse({ ...env, TURN_URLS: urls }).success).toBe(false);
    expect(configSchema.safeParse({ ...env, SFU_STUN_URLS: 'http://stun.example' }).success).toBe(false);
  });
});
