import { redacted, redactedText } from './redacted.ts';

describe('what admins see of a job', () => {
  it.each([
    [
      'publish to rtmp://live.example.org/app/abc?x=1 failed',
      'publish to rtmp://live.example.org/app/[redacted] failed',
    ],
    [
      'GET https://user:pw@x.org/a?sig=1&access_token=abc&n=2',
      'GET https://[redacted]@x.org/a?sig=1&access_token=[redacted]&n=2',
    ],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer [redacted]'],
    ['token eyJhbGciOi.eyJzdWIi.s1g-_ is old', 'token [redacted] is old'],
    ['key mk_aaaaaaaaaaaaaaaa refused', 'key [redacted] refused'],
    [
      'https://x.org/o?X-Amz-Signature=abc&X-Amz-Credential=def',
      'https://x.org/o?X-Amz-Signature=[redacted]&X-Amz-Credential=[redacted]',
    ],
    ['connect ECONNREFUSED 127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1'],
  ])('of the text %s is %s', (text, shown) => {
    expect(redactedText(text)).toBe(shown);
  });

  it('is all but what names or looks tell to be secret, however deep', () => {
    const data = { userId: 'u', streamKey: 'k', list: [{ auth: 'a', at: 1, refreshToken: null }], key: 'x' };
    expect(redacted({ data, attempts: 3, jobKey: 'kept', url: 'https://a:b@c' })).toEqual({
      data: {
        userId: 'u',
        streamKey: '[redacted]',
        list: [{ auth: '[redacted]', at: 1, refreshToken: null }],
        key: '[redacted]',
      },
      ...{ attempts: 3, jobKey: 'kept', url: 'https://[redacted]@c' },
    });
    const deep = Array.from({ length: 40 }).reduce<unknown>((inner) => ({ inner }), 'mk_aaaaaaaaaaaa');
    expect(JSON.stringify(redacted(deep))).toContain('[redacted]');
  });
});
