import { networkInterfaces } from 'node:os';
import type { NetworkInterfaceInfo } from 'node:os';

/** Interfaces of containers and virtual machines lead nowhere for a phone. */
const virtual = /^(docker|br-|veth|virbr|vmnet|utun|tun|tap|wg|cni|flannel)/;

/** The first IPv4 address that other devices may reach us at. */
export function lanAddress(
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces(),
): string | null {
  for (const [name, addresses = []] of Object.entries(interfaces)) {
    if (virtual.test(name)) continue;
    const found = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
    if (found) return found.address;
  }
  return null;
}
