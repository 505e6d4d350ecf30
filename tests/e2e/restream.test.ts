import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createApiClient, type ApiClient, type RestreamTarget, type Session } from '@maydan/contracts';
import { checkMedia } from '../support/mediaCheck.ts';
import { waitForNewerSegment } from '../support/playlists.ts';
import { useStack } from '../support/useStack.ts';
import { waitFor } from '../support/waitFor.ts';

const pattern = { width: 320, height: 180, frameRate: 25 };
const patience = { timeoutMs: 60_000 };

/** A target that takes connections and never says a word. */
async function silentServer(): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** A broadcaster's session goes on to a real RTMP server (ours, as another user's), whatever other targets and workers do. */
describe('a restream', () => {
  const used = useStack({ env: { RESTREAM_ALLOW_PRIVATE: 'true' } });
  let silent: Server;
  beforeAll(async () => {
    silent = await silentServer();
  });
  afterAll(() => silent?.close());

  /** Somebody else with a stream key, whose channel shows what comes in. */
  async function otherChannel() {
    const { accessToken, user } = await used.stack.visitor.auth.register({
      ...{ username: 'elsewhere', email: 'elsewhere@example.org', password: 'a long password 1' },
      displayName: 'Elsewhere',
    });
    const client = createApiClient({ baseUrl: used.stack.web, accessToken: () => accessToken });
    const { key } = await client.streamKeys.create({});
    const live = async (): Promise<Session | undefined> => {
      const channel = await used.stack.visitor.channels.get({ username: user.username });
      return channel.live?.state === 'live' && channel.live.playback.playable ? channel.live : undefined;
    };
    return { client, key, live };
  }

  async function stateOf(
    client: ApiClient,
    { id }: RestreamTarget,
    ...states: RestreamTarget['state'][]
  ): Promise<RestreamTarget> {
    return waitFor(
      `state ${states.join(' or ')}`,
      async () => {
        const found = (await client.restream.list()).items.find((one) => one.id === id);
        return found !== undefined && states.includes(found.state) ? found : undefined;
      },
      patience,
    );
  }

  it('brings the picture and the sound elsewhere, while others fail, and again after kill -9', async () => {
    const host = await used.stack.broadcaster();
    const other = await otherChannel();
    const url = used.stack.stack.addresses.rtmp;
    const { port } = silent.address() as AddressInfo;
    const good = await host.restream.create({ name: 'good', url, streamKey: other.key });
    const wrong = await host.restream.create({ name: 'wrong key', url, streamKey: 'no-such-stream-key' });
    const hanging = await host.restream.create({
      ...{ name: 'hangs', url: `rtmp://127.0.0.1:${port}/live`, streamKey: 'whatever-key' },
    });
    const tls = await host.restream.create({
      ...{ name: 'self-signed', url: used.stack.stack.addresses.rtmps, streamKey: other.key },
    });
    const publisher = used.publish(pattern);
    const session = await used.stack.waitForLive();
    await stateOf(host, good, 'live');
    const elsewhere = await waitFor('the other channel', other.live, patience);
    expect((await stateOf(host, wrong, 'failed')).reason?.code).toBe('rejected');
    expect((await stateOf(host, tls, 'failed')).reason?.code).toBe('certificate');
    expect((await stateOf(host, hanging, 'retrying')).reason?.code).toBe('stalled');
    await waitForNewerSegment(session.playback.hlsUrl, 2);
    const before = await waitForNewerSegment(elsewhere.playback.hlsUrl, 2);

    const { since } = await stateOf(host, good, 'live');
    await used.stack.killAndRestart('workers');
    await waitFor(
      'another connection',
      async () => (await stateOf(host, good, 'live')).since !== since,
      patience,
    );
    const again = await waitFor('the other channel again', other.live, patience);
    expect(again.id).toBe(elsewhere.id);
    await waitForNewerSegment(again.playback.hlsUrl, before.lastMsn + 1, patience.timeoutMs);

    await host.restream.update({ id: good.id, enabled: false });
    await used.stack.waitForState(again.id, 'interrupted');
    expect(publisher.running).toBe(true);
    expect((await used.stack.visitor.sessions.get({ id: session.id })).state).toBe('live');
    await other.client.sessions.end({ id: again.id });
    await used.stack.waitForState(again.id, 'ended', 60_000);
    const report = await checkMedia(again.playback.hlsUrl);
    expect(report.streams.filter(({ type }) => type === 'video')).toMatchObject([
      { width: 320, height: 180 },
    ]);
    expect(report.maxVolumeDb).toBeGreaterThan(-20);
    expect(report.durationSec).toBeGreaterThan(5);
    expect(report.blackSec + report.frozenSec).toBeLessThan(0.5);
    for (const part of ['api', 'workers']) {
      const log = await used.stack.log(part);
      expect(log).not.toMatch(/no-such-stream-key|whatever-key/);
      expect(log).not.toContain(other.key);
    }
    await host.sessions.end({ id: session.id });
    expect(await stateOf(host, hanging, 'idle')).toMatchObject({ reason: null });
  }, 240_000);
});
