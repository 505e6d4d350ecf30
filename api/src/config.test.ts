import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

describe('the service account for FCM', () => {
  const pemOf = ({ privateKey }: { privateKey: KeyObject }): string =>
    String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const rsa = (modulusLength: number): string => pemOf(generateKeyPairSync('rsa', { modulusLength }));
  const account = {
    type: 'service_account',
    project_id: 'maydan-test',
    private_key_id: 'abc',
    private_key: rsa(2_048),
    client_email: 'pusher@maydan-test.iam.gserviceaccount.com',
  };
  const parse = (change: object) => configSchema.safeParse({ ...least, ...change });

  it('comes as JSON or from a file, not as both; without one there is none', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'maydan-config-'));
    try {
      const file = join(dir, 'account.json');
      const text = JSON.stringify(account);
      await writeFile(file, text);
      const expected = { projectId: 'maydan-test', tokenUrl: 'https://oauth2.googleapis.com/token' };
      const fromText = parse({ FCM_SERVICE_ACCOUNT: text, FCM_SERVICE_ACCOUNT_FILE: '' }).data;
      expect(fromText?.FCM_SERVICE_ACCOUNT).toMatchObject(expected);
      // The key itself can't be shown by accident.
      expect(JSON.stringify(fromText)).not.toContain('PRIVATE KEY');
      const fromFile = parse({ FCM_SERVICE_ACCOUNT: '', FCM_SERVICE_ACCOUNT_FILE: file }).data;
      expect(fromFile?.FCM_SERVICE_ACCOUNT_FILE).toMatchObject(expected);
      expect(fromFile?.FCM_SERVICE_ACCOUNT).toBeUndefined();
      const both = parse({ FCM_SERVICE_ACCOUNT: text, FCM_SERVICE_ACCOUNT_FILE: file });
      expect(both.error?.issues.map(({ path }) => path)).toEqual([['FCM_SERVICE_ACCOUNT_FILE']]);
      const none = parse({ FCM_SERVICE_ACCOUNT_FILE: join(dir, 'nothing.json') });
      expect(none.error?.issues).toMatchObject([
        { path: ['FCM_SERVICE_ACCOUNT_FILE'], message: 'is not a file that can be read' },
      ]);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  const ec = pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  it.each([
    ['no JSON', `${JSON.stringify(account)},`, []],
    ['a list', [account], []],
    ['a person’s account', { ...account, type: 'authorized_user' }, ['type']],
    ['an elliptic key', { ...account, private_key: ec }, ['private_key']],
    ['a short key', { ...account, private_key: rsa(1_024) }, ['private_key']],
    ['a broken key', { ...account, private_key: account.private_key.slice(0, 900) }, ['private_key']],
    ['no key', { ...account, private_key: undefined }, ['private_key']],
    ['a token address without TLS', { ...account, token_uri: 'http://example.org/' }, ['token_uri']],
    ['a token address that is none', { ...account, token_uri: 'nowhere' }, ['token_uri']],
    ['a path for a project', { ...account, project_id: '../x' }, ['project_id']],
  ])('is refused, without showing it: %s', (_, value, path) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const { error } = parse({ FCM_SERVICE_ACCOUNT: text });
    expect(new Set(error?.issues.map((issue) => issue.path.join('.')))).toEqual(
      new Set([['FCM_SERVICE_ACCOUNT', ...path].join('.')]),
    );
    expect(JSON.stringify(error)).not.toMatch(/PRIVATE KEY|MII|pusher@/);
  });

  it('is not sent to an address without TLS', () => {
    const problems = (url: string) => parse({ FCM_BASE_URL: url }).error?.issues.map(({ path }) => path);
    expect(problems('http://fcm.example.org')).toEqual([['FCM_BASE_URL']]);
    expect(problems('http://127.0.0.1:1234/')).toBeUndefined();
  });
});
