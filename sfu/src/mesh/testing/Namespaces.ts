import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface NamespaceHost {
  readonly namespace: string;
  readonly address: string;
  /** Where programs of this machine, such as a browser, reach it once `connectHere` is done. */
  readonly outsideAddress: string;
  /** What runs a command there. */
  readonly wrapper: readonly string[];
}

const device = 'maydan0';
const toHere = 'maydan1';
/** These are in our own namespace, where other tests may run at the same time. */
const outside = (last: number): string => `10.232.${process.pid % 256}.${last}`;

/** Two network namespaces as two hosts, joined by nothing but a veth pair. `close` leaves nothing of them behind. */
export class Namespaces {
  readonly hosts: readonly [NamespaceHost, NamespaceHost];

  /** @throws Error that says what is missing when this machine doesn't let us. */
  static async create(): Promise<Namespaces> {
    await checkRights();
    const suffix = `${process.pid}`;
    const spaces = new Namespaces([
      hostOf(`mesh-a-${suffix}`, '10.231.77.1', outside(2)),
      hostOf(`mesh-b-${suffix}`, '10.231.77.2', outside(6)),
    ]);
    try {
      const [a, b] = spaces.hosts;
      for (const { namespace } of spaces.hosts) await ip('netns', 'add', namespace);
      // Both ends are made in their namespaces at once: our own is left as it is.
      await ip(
        ...['link', 'add', device, 'netns', a.namespace],
        ...['type', 'veth', 'peer', 'name', device, 'netns', b.namespace],
      );
      for (const host of spaces.hosts) {
        await ip('-n', host.namespace, 'address', 'add', `${host.address}/30`, 'dev', device);
        await ip('-n', host.namespace, 'link', 'set', device, 'up');
        await ip('-n', host.namespace, 'link', 'set', 'lo', 'up');
      }
      return spaces;
    } catch (error) {
      await spaces.close();
      throw error;
    }
  }

  private constructor(hosts: [NamespaceHost, NamespaceHost]) {
    this.hosts = hosts;
  }

  /** Bytes that a host has sent over the cable between the two. */
  async sentBytes({ namespace }: NamespaceHost): Promise<number> {
    const { stdout } = await run('ip', [
      'netns',
      'exec',
      namespace,
      'cat',
      `/sys/class/net/${device}/statistics/tx_bytes`,
    ]);
    return Number(stdout);
  }

  /** Gives each a cable to where we are, too. */
  async connectHere(): Promise<void> {
    for (const [index, { namespace, outsideAddress }] of this.hosts.entries()) {
      const here = `mdn${process.pid}-${index}`;
      await ip('link', 'add', here, 'type', 'veth', 'peer', 'name', toHere, 'netns', namespace);
      await ip('address', 'add', `${outside(4 * index + 1)}/30`, 'dev', here);
      await ip('link', 'set', here, 'up');
      await ip('-n', namespace, 'address', 'add', `${outsideAddress}/30`, 'dev', toHere);
      await ip('-n', namespace, 'link', 'set', toHere, 'up');
    }
  }

  /** Pulls the cable between the two. */
  async unplug({ namespace }: NamespaceHost): Promise<void> {
    await ip('-n', namespace, 'link', 'set', device, 'down');
  }

  /** The machine is lost: nothing arrives there and nothing comes from it any more. What runs on it is to be ended after this. */
  async lose({ namespace }: NamespaceHost): Promise<void> {
    for (const name of [toHere, device]) await ip('-n', namespace, 'link', 'set', name, 'down');
  }

  /** The pairs go with their namespaces. Idempotent. */
  async close(): Promise<void> {
    for (const { namespace } of this.hosts) await ip('netns', 'del', namespace).catch(() => undefined);
  }
}

function hostOf(namespace: string, address: string, outsideAddress: string): NamespaceHost {
  return { namespace, address, outsideAddress, wrapper: ['ip', 'netns', 'exec', namespace] };
}

async function ip(...args: string[]): Promise<void> {
  await run('ip', args);
}

async function checkRights(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('Network namespaces need root: run this test as root.');
  await run('ip', ['-V']).catch((cause: unknown) => {
    throw new Error('There is no "ip": install iproute2 (npm run setup does).', { cause });
  });
}
