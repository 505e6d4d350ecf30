import { Prisma } from '@maydan/prisma';
import { configSchema } from '../config.ts';
import { allowedMethods, routeOf } from './contractRoutes.ts';
import { toRequestError } from './errors.ts';
import { hostnameOf, playbackBase } from './requestBase.ts';
import { chooseRequestId } from './requestId.ts';

const config = configSchema.parse({
  REDIS_URL: 'unix:///run/redis.sock',
  INTERNAL_SECRET: 'i'.repeat(20) + 'j'.repeat(20),
  ACCESS_TOKEN_SECRET: 'a'.repeat(20) + 'b'.repeat(20),
  DATABASE_URL: 'postgresql://u:p@localhost/db',
  S3_ACCESS_KEY_ID: 'key',
  S3_SECRET_ACCESS_KEY: 'secret',
  RTMP_PUBLIC_URL: 'rtmp://localhost:1935/live',
  ORIGIN_PUBLIC_PORT: '8090',
});

describe('the playback base', () => {
  it.each([
    ['http', '192.168.1.7', 'http://192.168.1.7:8090'],
    ['https', 'maydan.example', 'https://maydan.example:8090'],
    ['http', '[fd00::7]', 'http://[fd00::7]:8090'],
    ['http', "x; script-src 'unsafe-eval'", 'http://localhost:8090'],
    ['http', 'a/b', 'http://localhost:8090'],
    ['javascript', '', 'http://localhost:8090'],
  ])('for %s and %s is %s', (protocol, hostname, base) => {
    expect(playbackBase(config, { protocol, hostname })).toBe(base);
  });

  it('is the configured one when there is one', () => {
    const fixed = { ...config, PLAYBACK_BASE_URL: 'https://cdn.example' };
    expect(playbackBase(fixed, { protocol: 'http', hostname: 'h' })).toBe('https://cdn.example');
  });

  it('takes the host name of a header', () => {
    expect([hostnameOf('h:8080'), hostnameOf('[::1]:8080'), hostnameOf(undefined)]).toEqual([
      'h',
      '[::1]',
      '',
    ]);
  });
});

describe('request ids', () => {
  it('are kept when they are plain and made otherwise', () => {
    expect(chooseRequestId('abc-123')).toBe('abc-123');
    for (const odd of [undefined, '', 'a b', 'x'.repeat(65), '{"a":1}', ['a', 'b']]) {
      expect(chooseRequestId(odd)).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

describe('routes of the contract', () => {
  it('are found by path and method', () => {
    const id = '0192f0c1-0000-7000-8000-000000000001';
    expect(allowedMethods('/auth/login')).toEqual(['POST']);
    expect(new Set(allowedMethods(`/sessions/${id}`))).toEqual(new Set(['GET', 'PATCH']));
    expect(allowedMethods('/nothing')).toEqual([]);
    expect(routeOf('GET', `/sessions/${id}`)).toBe('/sessions/{id}');
    expect(routeOf('GET', '/auth/login')).toBe('other');
  });
});

describe('an error of the database', () => {
  it.each([
    ['P2024', 'overloaded'],
    ['P2028', 'overloaded'],
    ['P2010', 'internal'],
  ])('%s is %s', (code, expected) => {
    const error = new Prisma.PrismaClientKnownRequestError('SELECT secret', { code, clientVersion: '7' });
    const { code: told, message } = toRequestError(error);
    expect(told).toBe(expected);
    expect(message).not.toContain('secret');
  });
});
