import { parseArgs } from 'node:util';
import { z } from 'zod';
import { RtpSource } from '../../testing/RtpSource.ts';
import { TestClient } from '../../testing/TestClient.ts';
import { until } from '../../testing/until.ts';
import { DecodedSink } from './DecodedSink.ts';
import { stageAt } from './stageAt.ts';

const watchTimeoutMs = 60_000;

/**
 * A peer of our own services that runs in a network namespace, beside its node: `publish` sends a picture and a tone, `watch`
 * decodes the first picture that somebody sends. Each step is told as one line of JSON. SIGTERM ends it.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { url: { type: 'string' }, token: { type: 'string' } },
});
const { url, token } = z.object({ url: z.url(), token: z.string() }).parse(values);
const tell = (step: object): void => void process.stdout.write(`${JSON.stringify(step)}\n`);

const client = new TestClient(url, token);
await client.connected();
await client.join();
// Nodes tell each other on their own time.
if (positionals[0] === 'watch') await until('somebody to watch', () => stageAt(client).peerIds.size > 0);
tell({ joined: client.peerId, peers: [...stageAt(client).peerIds] });
if (positionals[0] === 'publish') await publish();
else await watch();

async function publish(): Promise<void> {
  const source = await RtpSource.start(client);
  endWith(() => source.close());
  tell({ published: source.videoId });
}

async function watch(): Promise<void> {
  const shown = client.room?.producers.find(({ kind }) => kind === 'video');
  const { producerId } = shown ?? (await client.event('producer.added', isVideo)).producer;
  const sink = await DecodedSink.start(client, producerId);
  endWith(() => sink.close());
  await sink.more(30);
  tell({ decoded: producerId });
  const isRemoved = (): boolean =>
    client.all('producer.removed').some((one) => one.producerId === producerId);
  await until('the end of the picture', isRemoved, watchTimeoutMs);
  tell({ removed: producerId, left: client.all('peer.left').at(-1)?.reason ?? null });
}

/** No ffmpeg is left behind. */
function endWith(close: () => Promise<void>): void {
  process.once('SIGTERM', () => void close().finally(() => process.exit()));
}

function isVideo({ producer }: { producer: { kind: string } }): boolean {
  return producer.kind === 'video';
}
