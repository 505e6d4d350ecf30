import { Writable } from 'node:stream';
import { z } from 'zod';
import { AppError, baseConfig, createLogger, toAppError, toErrorBody } from './index.ts';

describe('errors', () => {
  it('give the one shape with the status of the table', () => {
    const error = new AppError('wrong_state', 'The session has ended.');
    expect(error.status).toBe(409);
    expect(toErrorBody(error, 'r1')).toEqual({
      error: { code: 'wrong_state', message: 'The session has ended.', requestId: 'r1' },
    });
  });

  it('tell a client nothing of what nobody expected', () => {
    expect(toErrorBody(toAppError(new Error('SELECT secret FROM users')))).toEqual({
      error: { code: 'internal', message: 'Something went wrong on our side.' },
    });
  });

  it('list what a schema refused', () => {
    const parsed = z.object({ a: z.object({ b: z.string() }) }).safeParse({ a: {} });
    expect(toAppError(parsed.error)).toMatchObject({ code: 'validation_failed', details: [{ path: 'a.b' }] });
  });
});

describe('configuration', () => {
  const schema = z.object(baseConfig);
  it('refuses short secrets and unknown Redis addresses, all at once', () => {
    const result = schema.safeParse({ INTERNAL_SECRET: 'short', REDIS_URL: 'http://x' });
    expect(result.error?.issues.map((issue) => issue.path[0])).toEqual(['REDIS_URL', 'INTERNAL_SECRET']);
  });

  it('takes a unix socket', () => {
    const result = schema.safeParse({ INTERNAL_SECRET: 'x1'.repeat(16), REDIS_URL: 'unix:///run/r.sock' });
    expect(result.success).toBe(true);
  });
});

describe('logger', () => {
  it('never writes a secret', () => {
    let written = '';
    const sink = new Writable({ write: (chunk, _encoding, done) => ((written += String(chunk)), done()) });
    const logger = createLogger('test', 'info', sink);
    logger.info(
      { streamKey: 'hush1', request: { headers: { authorization: 'hush2' } }, sessionId: 's1' },
      'published',
    );
    expect(written).toContain('s1');
    expect(written).not.toMatch(/hush/);
  });

  describe.each([
    ...['streamKey', 'key', 'password', 'passwordHash', 'token', 'accessToken', 'refreshToken', 'relayToken'],
    ...['authorization', 'cookie', 'secret', 'idToken', 'SMS_GATEWAY_TOKEN', 'SMTP_URL', 'INTERNAL_SECRET'],
    ...['ACCESS_TOKEN_SECRET', 'S3_SECRET_ACCESS_KEY', 'DATABASE_URL', 'privateKey', 'access_token'],
    ...['FCM_SERVICE_ACCOUNT', 'FCM_SERVICE_ACCOUNT_FILE', 'VAPID_PRIVATE_KEY', 'RESTREAM_SECRETS'],
  ])('leaves out %s', (name) => {
    const lines: string[] = [];
    const logger = createLogger('test', 'info', { write: (line: string) => void lines.push(line) });
    const deep = { a: [{ b: { c: [{ d: { [name]: { first: 'hush', second: ['hush'] } } }] } }] };
    it.each<[string, () => void]>([
      ['as a field', () => logger.info({ [name]: 'hush "x"', kept: 1 }, 'said')],
      ['however deep', () => logger.info({ deep, kept: 1 }, 'said')],
      [
        'of an error',
        () => logger.warn({ err: Object.assign(new Error('no'), { [name]: 'hush' }), kept: 1 }, 'said'),
      ],
      ['of an error alone', () => logger.warn(Object.assign(new Error('said'), { [name]: 'hush', kept: 1 }))],
      ['of a child', () => logger.child({ [name]: 'hush', of: { [name]: 7 } }).info({ kept: 1 }, 'said')],
      [
        'of what says itself what it is',
        () => logger.info({ of: { toJSON: () => ({ [name]: 'hush' }) }, kept: 1 }, 'said'),
      ],
      ['within a message', () => logger.info({ kept: 1 }, 'said %o and %j', { deep }, { [name]: 'hush' })],
      ['of a message alone', () => logger.info('said %s %o "kept":1', 'so', { a: { [name]: 'hush' } })],
    ])('%s', (_where, log) => {
      lines.length = 0;
      log();
      expect(lines).toHaveLength(1);
      expect(lines[0]?.endsWith('\n')).toBe(true);
      expect(lines[0]).toMatch(/"kept.?":1/);
      expect(lines[0]).toContain('[redacted]');
      expect(lines[0]).not.toContain('hush');
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({
        service: 'test',
        msg: expect.stringContaining('said'),
      });
    });
  });

  it('writes what goes round in circles, and words that only look like secrets', () => {
    const lines: string[] = [];
    const logger = createLogger('test', 'info', { write: (line: string) => void lines.push(line) });
    const round: Record<string, unknown> = { token: 'hush' };
    round['round'] = round;
    logger.info({ round }, 'said');
    logger.info('said %o', round);
    expect(lines.join('')).not.toContain('hush');
    const said = { text: 'my "token": 5, {"key":1}', tokens: 3, keyframe: true };
    logger.info(said, 'the "password": is kept');
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ ...said, msg: 'the "password": is kept' });
  });
});
