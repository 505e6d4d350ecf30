import { parseRestreamUrl, restreamTargetInput } from './restream.ts';

describe('the address of a restream target', () => {
  it.each([
    ['rtmp://a.rtmp.youtube.com/live2', { tls: false, host: 'a.rtmp.youtube.com', port: 1935, app: 'live2' }],
    [
      'RTMPS://Live.Example.org:80/app/inst/',
      { tls: true, host: 'live.example.org', port: 80, app: 'app/inst' },
    ],
    ['rtmps://x.example.org/rtmp/?s=1', { tls: true, host: 'x.example.org', port: 443, app: 'rtmp/?s=1' }],
    ['rtmp://[2606:4700::1111]:19/a', { tls: false, host: '2606:4700::1111', port: 19, app: 'a' }],
    ['rtmp://0x7f.1/a', { tls: false, host: '127.0.0.1', port: 1935, app: 'a' }],
    ['rtmp://2130706433/a', { tls: false, host: '127.0.0.1', port: 1935, app: 'a' }],
  ])('is read from %s', (text, address) => expect(parseRestreamUrl(text)).toEqual(address));

  it.each([
    ...[
      '',
      'rtmp://',
      'rtmp://host',
      'rtmp://host/',
      'http://host/app',
      'rtmpt://host/app',
      'rtmp://host:0/app',
    ],
    ...[
      'rtmp://host:70000/app',
      'rtmp://user:word@host/app',
      'rtmp://ho st/app',
      'rtmp://host/a b',
      'file:///etc',
    ],
    ...['rtmp://host/app#x', 'rtmp://[::1/app', 'rtmp://host%00/app', 'rtmp://a\nb/app'],
  ])('is not %j', (text) => expect(parseRestreamUrl(text)).toBeNull());

  it('comes with a key that has no blanks', () => {
    const input = { name: 'x', url: 'rtmp://host/app', streamKey: 'a b' };
    expect(restreamTargetInput.safeParse(input).success).toBe(false);
    expect(restreamTargetInput.safeParse({ ...input, streamKey: ' ab\n' }).data?.streamKey).toBe('ab');
  });
});
