import { createLogger } from '@maydan/common';
import { OpenIdIssuer } from '../testing/OpenIdIssuer.ts';
import { JsonWebKeys } from './JsonWebKeys.ts';

it('new keys of a running issuer are found after half a minute, old ones forgotten after their time', async () => {
  const issuer = await OpenIdIssuer.start();
  try {
    const keys = new JsonWebKeys(`${issuer.issuer}/certs`, createLogger('test', 'silent'));
    const first = issuer.keyId;
    const now = Date.now();
    expect(Object.keys(await keys.forKey(first, now))).toEqual([first]);
    issuer.changeKey();
    expect(Object.keys(await keys.forKey(issuer.keyId, now + 29_000))).toEqual([first]);
    expect(Object.keys(await keys.forKey(issuer.keyId, now + 31_000))).toEqual([issuer.keyId]);
    const last = issuer.keyId;
    issuer.changeKey();
    expect(Object.keys(await keys.forKey(last, now + 32_000))).toEqual([last]);
    expect(Object.keys(await keys.forKey(last, now + 4_000_000))).toEqual([issuer.keyId]);
  } finally {
    await issuer.close();
  }
});
