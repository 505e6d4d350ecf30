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
});
