import jwt from 'jsonwebtoken';
import { mintInternalToken, mintRelayToken, verifyInternalToken, verifyRelayToken } from './tokens.ts';

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
