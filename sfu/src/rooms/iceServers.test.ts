import { iceServersFor } from './iceServers.ts';

describe('iceServersFor', () => {
  it('limits TURN credentials in time and to the peer', () => {
    const settings = { stunUrls: ['stun:s:3478'], turnUrls: ['turn:t:3478'], turnSecret: 'north' };
    expect(iceServersFor(settings, 'peer-1', 1_700_000_000_999)).toEqual([
      { urls: ['stun:s:3478'] },
      {
        urls: ['turn:t:3478'],
        username: '1700007200:peer-1',
        // echo -n 1700007200:peer-1 | openssl dgst -sha1 -hmac north -binary | base64
        credential: 'dnptgRbGgBYogOlmhTngjPR4sr4=',
      },
    ]);
  });

  it('names none where none are configured', () => {
    expect(iceServersFor({ stunUrls: [], turnUrls: [], turnSecret: undefined }, 'peer-1')).toEqual([]);
  });
});
