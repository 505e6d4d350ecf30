import { clientAddress } from './clientAddress.ts';

describe('client addresses', () => {
  it('are IPv4 also behind an IPv6 socket', () => {
    expect(clientAddress('::ffff:192.0.2.7')).toBe('192.0.2.7');
    expect(clientAddress('2001:db8::1')).toBe('2001:db8::1');
    expect(clientAddress(undefined)).toBe('unknown');
  });
});
