import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { mintRelayToken } from '@maydan/common';
import { localCertificate, type EmbeddedRedis } from '@maydan/infra';
import { checkMedia } from '../../tests/support/mediaCheck.ts';
import { Publisher } from '../../tests/support/publish/Publisher.ts';
import type { TestPattern } from '../../tests/support/publish/testPattern.ts';
import { RtmpClient } from '../../tests/support/rtmp/RtmpClient.ts';
import { waitFor } from '../../tests/support/waitFor.ts';
import { relayPath } from './relay/RelayServer.ts';
import { internalSecret, startTestRedis, TestIngest } from './testing/TestIngest.ts';

const pattern: TestPattern = { width: 320, height: 180, frameRate: 25, durationSec: 4 };

let folder: string;
let redis: EmbeddedRedis;
let ingest: TestIngest;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maydan-encoder-'));
  const { keyFile, certFile } = await localCertificate(folder);
  redis = await startTestRedis();
  ingest = await TestIngest.start(redis.url, {
    RTMPS_PORT: '0',
    TLS_KEY_FILE: keyFile,
    TLS_CERT_FILE: certFile,
    HANDSHAKE_TIMEOUT_MS: '1500',
  });
});
afterAll(async () => {
  await ingest.close();
  await redis.close();
  await rm(folder, { recursive: true, force: true });
});

const bearer = (sessionId: string): string =>
  `Bearer ${mintRelayToken(internalSecret, relayPath(sessionId, 1))}`;

/** Writes what the relay gives to a file until the publish ends. */
async function record(sessionId: string, file: string): Promise<void> {
  const headers = { authorization: bearer(sessionId) };
  const request = get(ingest.relayUrl(sessionId, 1), { headers, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await pipeline(response, createWriteStream(file));
}

/** First packets that ffprobe reads of the relay. */
async function probePackets(sessionId: string): Promise<{ type: string; isKey: boolean }[]> {
  const { stdout } = await promisify(execFile)('ffprobe', [
    ...['-v', 'error', '-headers', `Authorization: ${bearer(sessionId)}\r\n`],
    ...['-show_entries', 'packet=codec_type,flags', '-read_intervals', '%+#10', '-of', 'csv=p=0'],
    ingest.relayUrl(sessionId, 1),
  ]);
  const lines = stdout.trim().split('\n');
  return lines.map((line) => ({ type: line.split(',')[0] ?? '', isKey: line.includes('K') }));
}

const isPublished = (sessionId: string): Promise<true> =>
  waitFor('the publish', async () => (await ingest.facts(sessionId)).length === 1, { everyMs: 20 });

describe('an encoder', () => {
  it.each(['rtmp', 'rtmps'] as const)(
    'publishes over %s, and the relay gives its pictures and sound undamaged',
    async (scheme) => {
      const { streamKey, sessionId } = ingest.keys.grant();
      const port = ingest.ports[scheme] ?? 0;
      const publisher = Publisher.start(`${scheme}://127.0.0.1:${port}/live/${streamKey}`, pattern);
      try {
        await isPublished(sessionId);
        const file = join(folder, `${scheme}.flv`);
        const recorded = record(sessionId, file);
        const packets = await probePackets(sessionId);
        expect(packets.find(({ type }) => type === 'video')).toEqual({ type: 'video', isKey: true });
        expect((await publisher.exited).stderr).not.toMatch(/error/i);
        await recorded;
        const media = await checkMedia(file);
        expect(media.streams).toMatchObject([
          { type: 'video', codec: 'h264', width: 320, height: 180 },
          { type: 'audio', codec: 'aac' },
        ]);
        expect(media).toMatchObject({ decodeErrors: [], blackSec: 0, frozenSec: 0 });
        expect(media.frames).toBeGreaterThanOrEqual(98);
        expect(media.maxVolumeDb).toBeGreaterThan(-10);
        expect(await ingest.waitUntilUnpublished(sessionId)).toMatchObject({ reason: 'closed' });
        expect(ingest.log).not.toContain(streamKey);
      } finally {
        await publisher.stop();
      }
    },
    30_000,
  );

  it('with a wrong key is told why and sends nothing', async () => {
    const publisher = Publisher.start(`rtmp://127.0.0.1:${ingest.ports.rtmp}/live/mk_wrong`, pattern);
    const { code, stderr } = await publisher.exited;
    expect(code).not.toBe(0);
    expect(stderr).toContain('The stream key is not valid.');
  }, 15_000);

  it('that plays is refused, whatever it asks for', async () => {
    const { streamKey, sessionId } = ingest.keys.grant();
    const address = `rtmp://127.0.0.1:${ingest.ports.rtmp}/live/`;
    const publisher = Publisher.start(address + streamKey, pattern);
    try {
      await isPublished(sessionId);
      const player = Publisher.run(['-rw_timeout', '5000000', '-i', address + streamKey, '-f', 'null', '-']);
      expect(await player.exited).toMatchObject({ code: 1 });
    } finally {
      await publisher.stop();
    }
  }, 15_000);
});

describe('over RTMPS', () => {
  const port = (): number => ingest.ports.rtmps ?? 0;

  it('the same rules hold', async () => {
    const wrong = await RtmpClient.publish({ port: port(), tls: true }, 'mk_wrong');
    await wrong.waitUntilClosed();
    expect(wrong.statuses).toMatchObject([{ level: 'error', code: 'NetStream.Publish.BadName' }]);
    const garbage = await RtmpClient.open({ port: port(), tls: true });
    garbage.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await garbage.waitUntilClosed();
    const idle = await RtmpClient.open({ port: port(), tls: true });
    await idle.waitUntilClosed(3_000);
  }, 15_000);

  it('who does not finish the TLS handshake is closed, and its place is free again', async () => {
    const silent = connect({ port: port(), host: '127.0.0.1' });
    const nonsense = connect({ port: port(), host: '127.0.0.1' });
    const closed = [silent, nonsense].map((socket) => {
      socket.on('error', () => undefined).resume();
      return once(socket, 'close');
    });
    nonsense.write('this is no TLS');
    await waitFor('the connections', async () => (await ingest.metric('maydan_ingest_connections')) > 0);
    await Promise.all(closed);
    await waitFor('their end', async () => (await ingest.metric('maydan_ingest_connections')) === 0);
  }, 15_000);

  it('who does not finish the TLS handshake does not hold up a shutdown', async () => {
    const { keyFile, certFile } = await localCertificate(folder);
    const tls = { RTMPS_PORT: '0', TLS_KEY_FILE: keyFile, TLS_CERT_FILE: certFile };
    const other = await TestIngest.start(redis.url, { ...tls, HANDSHAKE_TIMEOUT_MS: '600000' });
    const silent = connect({ port: other.ports.rtmps ?? 0, host: '127.0.0.1' });
    const closed = once(silent.on('error', () => undefined).resume(), 'close');
    await waitFor('the connection', async () => (await other.metric('maydan_ingest_connections')) === 1);
    await other.close();
    await closed;
  }, 15_000);
});
