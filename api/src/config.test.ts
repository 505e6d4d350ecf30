import { configSchema } from './config.ts';

const least = {
  REDIS_URL: 'unix:///run/redis.sock',
  INTERNAL_SECRET: 'i'.repeat(20) + 'j'.repeat(20),
  ACCESS_TOKEN_SECRET: 'a'.repeat(20) + 'b'.repeat(20),
  DATABASE_URL: 'postgresql://u:p@localhost/db',
  RTMP_PUBLIC_URL: 'rtmp://localhost:1935/live',
  S3_ACCESS_KEY_ID: 'key',
  S3_SECRET_ACCESS_KEY: 'secret',
};

describe('the configuration', () => {
  it('needs addresses and secrets and has defaults for the rest', () => {
    expect(configSchema.parse(least)).toMatchObject({
      API_PORT: 8080,
      OPS_PORT: 9101,
      GRACE_PERIOD_MS: 30_000,
      CORS_ORIGINS: [],
      TRUST_PROXY: false,
    });
    const problems = configSchema.safeParse({}).error?.issues.map((issue) => issue.path[0]);
    expect(new Set(problems)).toEqual(new Set(Object.keys(least)));
  });

  it('takes lists of origins and the forms of a trusted proxy', () => {
    const parse = (change: object) => configSchema.parse({ ...least, ...change });
    expect(parse({ CORS_ORIGINS: 'https://a.example/, http://localhost:5173' }).CORS_ORIGINS).toEqual([
      'https://a.example',
      'http://localhost:5173',
    ]);
    expect(parse({ SFU_ORIGINS: 'https://*.sfu.example, http://10.0.0.7:8082/' }).SFU_ORIGINS).toEqual([
      'https://*.sfu.example',
      'http://10.0.0.7:8082',
    ]);
    expect(parse({ TRUST_PROXY: '2' }).TRUST_PROXY).toBe(2);
    expect(parse({ TRUST_PROXY: 'true' }).TRUST_PROXY).toBe(true);
    expect(parse({ TRUST_PROXY: 'loopback' }).TRUST_PROXY).toBe('loopback');
    expect(parse({ PLAYBACK_BASE_URL: 'https://cdn.example/' }).PLAYBACK_BASE_URL).toBe(
      'https://cdn.example',
    );
  });

  it.each([
    ['ACCESS_TOKEN_SECRET', least.INTERNAL_SECRET],
    ['CORS_ORIGINS', 'example.org'],
    ['SFU_ORIGINS', 'https://*'],
    ['SFU_ORIGINS', "https://a.example 'unsafe-eval'"],
    ['SFU_ORIGINS', 'https://a.example;script-src *'],
    ['RTMP_PUBLIC_URL', 'http://localhost/live'],
    ['DATABASE_URL', 'mysql://localhost/db'],
  ])('refuses %s=%s', (name, value) => {
    const { error } = configSchema.safeParse({ ...least, [name]: value });
    expect(error?.issues.map((issue) => issue.path[0])).toEqual([name]);
  });
});
