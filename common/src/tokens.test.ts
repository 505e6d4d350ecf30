import jwt from 'jsonwebtoken';
import {
  mintInternalToken,
  mintJoinToken,
  mintRelayToken,
  verifyInternalToken,
  verifyJoinToken,
  verifyRelayToken,
  type JoinGrant,
} from './tokens.ts';

const secret = 'a'.repeat(16) + 'b'.repeat(16);
const other = 'c'.repeat(32);

describe('internal tokens', () => {
  it('open exactly the relay path they were minted for', () => {
    const token = mintRelayToken(secret, '/relay/a.flv');
    expect(() => verifyRelayToken(secret, token, '/relay/a.flv')).not.toThrow();
    expect(() => verifyRelayToken(secret, token, '/relay/b.flv')).toThrow('not valid');
    expect(() => verifyRelayToken(other, token, '/relay/a.flv')).toThrow('not valid');
  });

  it('are good for one audience only', () => {
    const token = mintInternalToken(secret, 'ingest');
    expect(verifyInternalToken(secret, token)).toBe('ingest');
    expect(() => verifyRelayToken(secret, token, '/relay/a.flv')).toThrow('not valid');
    expect(() => verifyInternalToken(secret, mintRelayToken(secret, '/x'))).toThrow('not valid');
  });

  it('are refused without a signature and when old', () => {
    const unsigned = jwt.sign({ sub: 'ingest' }, null, { algorithm: 'none', audience: 'internal' });
    const old = jwt.sign({ sub: 'ingest', iat: Math.floor(Date.now() / 1000) - 120 }, secret, {
      audience: 'internal',
    });
    expect(() => verifyInternalToken(secret, unsigned)).toThrow('not valid');
    expect(() => verifyInternalToken(secret, old)).toThrow('not valid');
    expect(() => verifyInternalToken(secret, 'nonsense')).toThrow('not valid');
  });
});

const grant: JoinGrant = {
  peerId: '6f1f3b2c-3f8e-4a52-8a53-0f1f9a3a7f01',
  sessionId: '6f1f3b2c-3f8e-4a52-8a53-0f1f9a3a7f02',
  role: 'viewer',
  userId: null,
  displayName: 'Amal',
  sessionType: 'video',
};

describe('join tokens', () => {
  it('say who joins which room, and nothing else that was passed', () => {
    const claims = verifyJoinToken(secret, mintJoinToken(secret, { ...grant, admin: true } as JoinGrant));
    expect(claims).toMatchObject({ ...grant, aud: 'sfu' });
    expect(claims.exp - claims.iat).toBe(600);
    expect(claims).not.toHaveProperty('admin');
  });

  it('are told apart: expired ones are worth another try', () => {
    const iat = Math.floor(Date.now() / 1000) - 601;
    const old = jwt.sign({ ...grant, iat }, secret, { audience: 'sfu', expiresIn: 600 });
    expect(() => verifyJoinToken(secret, old)).toThrow('expired');
    const eternal = jwt.sign({ ...grant, iat }, secret, { audience: 'sfu', expiresIn: 6_000 });
    expect(() => verifyJoinToken(secret, eternal)).toThrow('expired');
  });

  it('are refused when forged, of another audience or with other claims', () => {
    expect(() => verifyJoinToken(other, mintJoinToken(secret, grant))).toThrow('not valid');
    expect(() => verifyJoinToken(secret, mintInternalToken(secret, 'api'))).toThrow('not valid');
    expect(() => verifyInternalToken(secret, mintJoinToken(secret, grant))).toThrow('not valid');
    const odd = jwt.sign({ ...grant, role: 'king' }, secret, { audience: 'sfu', expiresIn: 600 });
    expect(() => verifyJoinToken(secret, odd)).toThrow('not valid');
    const unsigned = jwt.sign(grant, null, { algorithm: 'none', audience: 'sfu', expiresIn: 600 });
    expect(() => verifyJoinToken(secret, unsigned)).toThrow('not valid');
  });
});
