import { connect } from 'node:net';
import { hostOf, isPublicAddress, mayBePublicHost, publicLookup } from './publicAddress.ts';

const host = (text: string): string => hostOf(new URL(text));

describe('a public address', () => {
  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254'],
    ...['172.16.0.1', '172.31.255.255', '192.168.0.1', '198.19.0.1', '224.0.0.1', '255.255.255.255'],
    ...['::', '::1', '::10.0.0.1', '::ffff:10.0.0.1', '::ffff:8.8.8.8', '64:ff9b::7f00:1', '2002:7f00:1::'],
    ...['fd00::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '2001:db8::1', 'fd00:ec2::254'],
    ...['localhost', '', 'not an address', '1.2.3', '0x7f000001'],
  ])('is not %s', (address) => expect(isPublicAddress(address)).toBe(false));

  it.each(['1.1.1.1', '100.128.0.1', '172.32.0.1', '169.253.0.1', '2606:4700::1111', '2a00:1450::1'])(
    'is %s',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );
});

describe('a host that a stranger names', () => {
  it.each([
    ...[
      'https://127.1/',
      'https://0x7f000001/',
      'https://2130706433/',
      'https://[::1]/',
      'https://localhost/',
    ],
    ...['https://[::ffff:a00:1]/', 'https://intranet/', 'https://169.254.169.254/latest/meta-data'],
  ])('is refused for what %s says', (text) => expect(mayBePublicHost(host(text))).toBe(false));

  it.each(['https://a.example.org/', 'https://1.1.1.1/', 'https://[2606:4700::1111]/'])(
    'may be asked for as %s',
    (text) => expect(mayBePublicHost(host(text))).toBe(true),
  );

  it('is not connected to when its name leads inside', async () => {
    // A name with a dot, which the system itself resolves to loopback where it knows it at all.
    const socket = connect({ host: 'a.localhost', port: 9, lookup: publicLookup });
    const code = await new Promise((resolve) => {
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      socket.on('connect', () => resolve('connected'));
    });
    socket.destroy();
    expect(['ERR_ADDRESS_NOT_PUBLIC', 'ENOTFOUND', 'EAI_AGAIN']).toContain(code);
  });
});
