import { randomUUID } from 'node:crypto';
import { MeshStand, tokenOf } from './testing/MeshStand.ts';
import { Namespaces } from './testing/Namespaces.ts';
import type { NamespaceHost } from './testing/Namespaces.ts';
import type { NodeProcess } from './testing/NodeProcess.ts';
import { PeerProcess } from './testing/PeerProcess.ts';

const port = 8082;
const url = (address: string): string => `http://${address}:${port}`;

let stand: MeshStand;
let spaces: Namespaces;
let nodes: NodeProcess[];

beforeAll(async () => {
  stand = await MeshStand.start();
  spaces = await Namespaces.create();
  stand.own(() => spaces.close());
  // Redis is reached by its unix socket, which network namespaces don't divide.
  nodes = await Promise.all(spaces.hosts.map((host) => startNode(host)));
});
afterAll(() => stand.close());

function startNode({ namespace, address, wrapper }: NamespaceHost): Promise<NodeProcess> {
  const where = { SFU_HOST: '0.0.0.0', SFU_PORT: String(port), SFU_INTERNAL_URL: url(address) };
  // With SRTP it is tested on loopback.
  const env = { ...where, SFU_PIPE_SRTP: 'false' };
  return stand.node(namespace, { wrapper, env });
}

/** Somebody on one host who is connected to the node on `at`. */
function peer(
  what: 'publish' | 'watch',
  from: NamespaceHost,
  at: NamespaceHost,
  sessionId: string,
): PeerProcess {
  const token = tokenOf({ sessionId, role: what === 'publish' ? 'ingress' : 'egress' });
  const process = new PeerProcess({ what, token, url: url(at.address), wrapper: from.wrapper });
  stand.own(() => process.close());
  return process;
}

describe('two hosts', () => {
  it('have one room, whose pictures cross the cable between them; when one dies, its people go on with the other', async () => {
    const [here, there] = spaces.hosts;
    const sessionId = randomUUID();
    const publisher = peer('publish', here, here, sessionId);
    const videoId = await publisher.step('published');
    const before = await spaces.sentBytes(here);
    const watcher = peer('watch', there, there, sessionId);
    expect(await watcher.step('peers')).toEqual([await publisher.step('joined')]);
    expect(await watcher.step('decoded')).toBe(videoId);
    // 30 pictures are two seconds of 200 kbit/s.
    expect((await spaces.sentBytes(here)) - before).toBeGreaterThan(30_000);

    await nodes[0]?.stop('SIGKILL');
    expect(await watcher.step('removed')).toBe(videoId);
    const moved = peer('publish', here, there, sessionId);
    const again = await moved.step('published');
    expect(await peer('watch', there, there, sessionId).step('decoded')).toBe(again);
  });
});
