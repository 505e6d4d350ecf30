import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import { mintRelayToken, relayPath } from '@maydan/common';
import { localCertificate } from '@maydan/infra';
import { checkMedia } from '../../tests/support/mediaCheck.ts';
import { Publisher } from '../../tests/support/publish/Publisher.ts';
import type { TestPattern } from '../../tests/support/publish/testPattern.ts';
import { RtmpClient } from '../../tests/support/rtmp/RtmpClient.ts';
import { waitFor } from '../../tests/support/waitFor.ts';
import { internalSecret } from './testing/TestIngest.ts';
import { useTestIngest } from './testing/useTestIngest.ts';

jest.setTimeout(60_000);

const pattern: TestPattern = { width: 320, height: 180, frameRate: 25, durationSec: 4 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maydan-encoder-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const used = useTestIngest({
  lives: 'allTests',
  env: async () => {
    const { keyFile, certFile } = await localCertificate(folder);
    return { RTMPS_PORT: '0', TLS_KEY_FILE: keyFile, TLS_CERT_FILE: certFile };
  },
});

const bearer = (sessionId: string): string =>
  `Bearer ${mintRelayToken(internalSecret, relayPath(sessionId, 1))}`;

/** Writes what the relay gives to a file until the publish ends. */
async function record(sessionId: string, file: string): Promise<void> {
  const headers = { authorization: bearer(sessionId) };
  const request = get(used.ingest.relayUrl(sessionId, 1), { headers, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await pipeline(response, createWriteStream(file));
}

/** First packets that ffprobe reads of the relay. */
async function probePackets(sessionId: string): Promise<{ type: string; isKey: boolean }[]> {
  const { stdout } = await promisify(execFile)('ffprobe', [
    ...['-v', 'error', '-headers', `Authorization: ${bearer(sessionId)}\r\n`],
    ...['-show_entries', 'packet=codec_type,flags', '-read_intervals', '%+#10', '-of', 'csv=p=0'],
    used.ingest.relayUrl(sessionId, 1),
  ]);
  const lines = stdout.trim().split('\n');
  return lines.map((line) => ({ type: line.split(',')[0] ?? '', isKey: line.includes('K') }));
}

const isPublished = (sessionId: string): Promise<true> =>
  waitFor('the publish', async () => (await used.ingest.facts(sessionId)).length === 1, { everyMs: 20 });

describe('an encoder', () => {
  it.each(['rtmp', 'rtmps'] as const)(
    'publishes over %s, and the relay gives its pictures and sound undamaged',
    async (scheme) => {
      const { streamKey, sessionId } = used.ingest.keys.grant();
      const port = used.ingest.ports[scheme] ?? 0;
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
        expect(media.frames).toBeGreaterThanOrEqual(50);
        expect(media.maxVolumeDb).toBeGreaterThan(-10);
        expect(await used.ingest.waitUntilUnpublished(sessionId)).toMatchObject({ reason: 'closed' });
        expect(used.ingest.log).not.toContain(streamKey);
      } finally {
        await publisher.stop();
      }
    },
  );

  it('with a wrong key is told why and sends nothing', async () => {
    const publisher = Publisher.start(`rtmp://127.0.0.1:${used.ingest.ports.rtmp}/live/mk_wrong`, pattern);
    const { code, stderr } = await publisher.exited;
    expect(code).not.toBe(0);
    expect(stderr).toContain('The stream key is not valid.');
  });

  it('that plays is refused, whatever it asks for', async () => {
    const { streamKey, sessionId } = used.ingest.keys.grant();
    const address = `rtmp://127.0.0.1:${used.ingest.ports.rtmp}/live/`;
    const publisher = Publisher.start(address + streamKey, pattern);
    try {
      await isPublished(sessionId);
      const player = Publisher.run(['-rw_timeout', '5000000', '-i', address + streamKey, '-f', 'null', '-']);
      expect(await player.exited).toMatchObject({ code: 1 });
    } finally {
      await publisher.stop();
    }
  });
});

describe('over RTMPS', () => {
  it('the same rules hold', async () => {
    const options = { port: used.ingest.ports.rtmps ?? 0, tls: true };
    const wrong = await RtmpClient.publish(options, 'mk_wrong');
    await wrong.waitUntilClosed();
    expect(wrong.statuses).toMatchObject([{ level: 'error', code: 'NetStream.Publish.BadName' }]);
    const garbage = await RtmpClient.open(options);
    garbage.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await garbage.waitUntilClosed();
  });

  it('who does not go on is closed, within the TLS handshake or after it, and the places are free again', async () => {
    // Long enough that they are seen, and that who is to be closed after the TLS handshake has come through it.
    const strict = await used.start({ HANDSHAKE_TIMEOUT_MS: '5000' });
    const port = strict.ports.rtmps ?? 0;
    const silent = openTcp(port);
    const nonsense = openTcp(port);
    nonsense.socket.write('this is no TLS');
    await waitFor('the connections', async () => (await strict.metric('maydan_ingest_connections')) > 0);
    const idle = await RtmpClient.open({ port, tls: true });
    await Promise.all([silent.closed, nonsense.closed, idle.waitUntilClosed()]);
    await waitFor('their end', async () => (await strict.metric('maydan_ingest_connections')) === 0);
  });

  it('who does not finish the TLS handshake does not hold up a shutdown', async () => {
    const patient = await used.start({ HANDSHAKE_TIMEOUT_MS: '600000' });
    const silent = openTcp(patient.ports.rtmps ?? 0);
    await waitFor('the connection', async () => (await patient.metric('maydan_ingest_connections')) === 1);
    await patient.close();
    await silent.closed;
  });
});

function openTcp(port: number): { socket: Socket; closed: Promise<unknown> } {
  const socket = connect({ port, host: '127.0.0.1' });
  return { socket, closed: once(socket.on('error', () => undefined).resume(), 'close') };
}
