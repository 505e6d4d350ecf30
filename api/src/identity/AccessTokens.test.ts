import jwt from 'jsonwebtoken';
import { AccessTokens, accessTokenLifetimeSec, bearerToken } from './AccessTokens.ts';

const secret = 'k'.repeat(40);
const tokens = new AccessTokens(secret);
const subject = {
  userId: '0192f0c1-0000-7000-8000-000000000001',
  role: 'user',
  signInId: '0192f0c1-0000-7000-8000-000000000002',
} as const;

describe('access tokens', () => {
  it('carry user, role and sign-in for 15 minutes', () => {
    const claims = tokens.verify(tokens.mint(subject));
    expect(claims).toMatchObject({ sub: subject.userId, role: 'user', sid: subject.signInId });
    expect(claims.exp - claims.iat).toBe(accessTokenLifetimeSec);
    expect(accessTokenLifetimeSec).toBe(900);
  });

  it('are told apart when they are old', () => {
    const iat = Math.floor(Date.now() / 1000) - 1_000;
    const old = jwt.sign({ role: 'user', sid: subject.signInId, iat }, secret, {
      subject: subject.userId,
      expiresIn: 900,
    });
    expect(() => tokens.verify(old)).toThrow(expect.objectContaining({ code: 'token_expired' }));
  });

  it.each([
    [
      'another secret',
      jwt.sign({ role: 'admin', sid: subject.signInId }, 'x'.repeat(40), { subject: subject.userId }),
    ],
    ['no signature', jwt.sign({ role: 'admin', sid: subject.signInId }, null, { algorithm: 'none' })],
    ['another algorithm', jwt.sign({ role: 'admin', sid: subject.signInId }, secret, { algorithm: 'HS512' })],
    ['unknown role', jwt.sign({ role: 'root', sid: subject.signInId }, secret, { subject: subject.userId })],
    ['no expiry', jwt.sign({ role: 'user', sid: subject.signInId }, secret, { subject: subject.userId })],
    ['nonsense', 'a.b.c'],
  ])('are refused with %s', (_, token) => {
    expect(() => tokens.verify(token)).toThrow(expect.objectContaining({ code: 'token_invalid' }));
  });
});

describe('bearerToken', () => {
  it('takes the token of the header', () => {
    expect(bearerToken('Bearer abc.def')).toBe('abc.def');
    expect(bearerToken('bearer abc')).toBe('abc');
  });

  it.each([undefined, '', 'Bearer', 'Basic YTpi', 'Bearer a b'])('asks to sign in with %p', (header) => {
    expect(() => bearerToken(header)).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
  });
});
