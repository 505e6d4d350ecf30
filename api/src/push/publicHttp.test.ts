import { mayBePublic, postOutside } from './publicHttp.ts';

describe('what a stranger has us ask', () => {
  it.each([
    'http://push.example.org/x',
    'https://127.0.0.1/x',
    'https://10.1.2.3/',
    'https://192.168.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://[fd00::1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://localhost/x',
    'https://user:word@push.example.org/',
    'ftp://push.example.org/',
    'nonsense',
  ])('is not %s', (address) => expect(mayBePublic(address)).toBe(false));

  it.each(['https://fcm.googleapis.com/fcm/send/x', 'https://1.1.1.1/', 'https://[2606:4700::1111]/'])(
    'may be %s',
    (address) => expect(mayBePublic(address)).toBe(true),
  );

  it('is not a name that leads inside', async () => {
    const message = { headers: {}, body: Buffer.alloc(0) };
    // A name with a dot, which the system itself resolves to loopback.
    const asked = postOutside('https://a.localhost/', message, false, { timeoutMs: 60_000 });
    await expect(asked).rejects.toThrow(/not public|ENOTFOUND|EAI_AGAIN/);
  });
});
