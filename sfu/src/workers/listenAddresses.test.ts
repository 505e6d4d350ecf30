import type { NetworkInterfaceInfo } from 'node:os';
import { plainAddress, webRtcAddresses } from './listenAddresses.ts';

function info(address: string, internal = false): NetworkInterfaceInfo {
  const rest = { address, netmask: '', mac: '', internal, cidr: null };
  return address.includes(':') ? { ...rest, family: 'IPv6', scopeid: 0 } : { ...rest, family: 'IPv4' };
}

describe('webRtcAddresses', () => {
  it('are those of the machine, the ones others reach first', async () => {
    const interfaces = {
      lo: [info('127.0.0.1', true), info('::1', true)],
      eth0: [info('fd00::2'), info('192.0.2.2'), info('fe80::1')],
    };
    expect(await webRtcAddresses(undefined, interfaces)).toEqual([
      { ip: '192.0.2.2' },
      { ip: 'fd00::2' },
      { ip: '127.0.0.1' },
    ]);
    expect(await webRtcAddresses(undefined, {})).toEqual([{ ip: '127.0.0.1' }]);
  });

  it('are everywhere behind an announced one', async () => {
    expect(await webRtcAddresses('198.51.100.7', {})).toEqual([
      { ip: '0.0.0.0', announcedAddress: '198.51.100.7' },
    ]);
    expect(await webRtcAddresses('2001:db8::7', {})).toEqual([{ ip: '::', announcedAddress: '2001:db8::7' }]);
  });
});

describe('plainAddress', () => {
  it('stays on loopback where that is how services reach the node', async () => {
    expect(await plainAddress('http://127.0.0.1:8082')).toEqual({ ip: '127.0.0.1' });
    expect(await plainAddress('http://10.1.2.3:8082')).toEqual({
      ip: '0.0.0.0',
      announcedAddress: '10.1.2.3',
    });
  });
});
