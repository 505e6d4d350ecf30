import { randomUUID } from 'node:crypto';
import type { StagePeerHealth } from '@maydan/contracts';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../../tests/support/browser/launchBrowser.ts';
import { StagePage } from '../../../tests/support/sfu/StagePage.ts';
import { UdpRelay } from '../../../tests/support/whip/UdpRelay.ts';
import { waitFor } from '../../../tests/support/waitFor.ts';
import { RtpSink } from '../testing/RtpSink.ts';
import { TestSfu } from '../testing/TestSfu.ts';

let sfu: TestSfu;
let browser: Browser;
let sessionId = '';
const pages: StagePage[] = [];

beforeAll(async () => {
  sfu = await TestSfu.start();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await sfu?.close();
});
beforeEach(() => {
  sessionId = randomUUID();
});
afterEach(async () => {
  for (const { page } of pages.splice(0)) await page.close();
  await sfu.command({ type: 'closeRoom', sessionId, reason: 'sessionEnded' });
});

async function open(): Promise<StagePage> {
  const page = await StagePage.open(browser, sfu.url);
  pages.push(page);
  return page;
}

/** A host who sends, and a viewer who plays both. */
async function broadcast(codec: 'VP8' | 'VP9' | 'H264', tcpOnly = false, relayPort?: number) {
  const [host, viewer] = [await open(), await open()];
  const grant = { sessionId, peerId: randomUUID(), role: 'host' as const };
  await host.join(sfu.url, sfu.token(grant));
  const [cameraId = '', microphoneId = ''] = await host.publish(codec, tcpOnly);
  if (relayPort !== undefined) await viewer.relayAt('receive', relayPort);
  await viewer.join(sfu.url, sfu.token({ sessionId, role: 'viewer' }));
  const [video, audio] = [await viewer.receive(cameraId), await viewer.receive(microphoneId)];
  await viewer.moreFrames(video, 10);
  await waitFor('sound', async () => (await viewer.received(audio)).audioEnergy > 0);
  return { host, viewer, grant, video, audio, cameraId };
}

/** Before the one port of the sfu's Worker. */
async function relayToMedia(): Promise<UdpRelay> {
  const { udpSockets } = await sfu.running.pool.workers[0]!.webRtcServer.dump();
  return UdpRelay.start(udpSockets.find(({ ip }) => ip === '127.0.0.1')!.port);
}

/** Bits per second of the largest picture that somebody sends. */
async function largestLayer(producerId: string): Promise<number> {
  const streams = await sfu.running.rooms.find(sessionId)!.shown(producerId).stats();
  return Math.max(...streams.map(({ bitrate }) => bitrate));
}

/** The reports on somebody's camera, the newest last. */
async function reportsOn(peerId: string): Promise<StagePeerHealth[]> {
  const reports = (await sfu.facts()).flatMap((fact) => (fact.type === 'stage.health' ? fact.peers : []));
  return reports.filter((health) => health.peerId === peerId && health.source === 'camera');
}

const healthOf = async (peerId: string): Promise<StagePeerHealth | undefined> =>
  (await reportsOn(peerId)).at(-1);

describe('Chromium with mediasoup-client', () => {
  it('sends simulcast and gets the layer that its size needs; others see who speaks', async () => {
    const { viewer, video, grant } = await broadcast('VP8');
    await viewer.setSize(video, 1280, 720);
    await waitFor('the large layer', async () => (await viewer.received(video)).width === 640);
    await viewer.setSize(video, 160, 90);
    await waitFor('the small layer', async () => (await viewer.received(video)).width === 320);
    const told = async (name: string) => (await viewer.events()).filter((event) => event.name === name);
    await waitFor('the layer told', async () =>
      (await told('consumer.layers')).some(({ payload }) => JSON.stringify(payload).includes('"spatial":0')),
    );
    // Of a camera of 720p the small layer would do; of this one of 360p it doesn't.
    await viewer.setSize(video, 600, 338);
    await waitFor('the layer for its real size', async () => (await viewer.received(video)).width === 640, {
      timeoutMs: 45_000,
    });
    // The fake microphone beeps once a second.
    await waitFor('a speaker', async () =>
      (await told('speaker.changed')).some(({ payload }) => JSON.stringify(payload).includes(grant.peerId)),
    );
    await waitFor('levels', async () => (await told('speaker.levels')).length > 0);
    await waitFor('the network score', async () => (await told('peer.network')).length > 0);
    await waitFor('its health', async () => {
      const { frameRate, width, height, packetLoss, frames } = (await healthOf(grant.peerId)) ?? {};
      const isWhole = (frames?.received ?? 0) > 0 && frames?.lost === 0;
      return (frameRate ?? 0) > 0 && width === 640 && height === 360 && packetLoss !== null && isWhole;
    });
  });

  it('agrees on Opus with error correction and without packets in silence, and sends it so', async () => {
    const { host, viewer } = await broadcast('H264');
    const capabilities = (await sfu.join({ sessionId, role: 'viewer' })).room?.rtpCapabilities;
    const opus = capabilities?.codecs?.find(({ mimeType }) => mimeType === 'audio/opus');
    expect(opus?.parameters).toMatchObject({ useinbandfec: 1, usedtx: 1 });
    const told = [...(await host.opusParameters()), ...(await viewer.opusParameters())];
    expect(told).toHaveLength(2);
    for (const parameters of told) expect(parameters.split(';')).toContain('useinbandfec=1');
    expect(told[0]?.split(';')).toContain('usedtx=1');
    const egress = await sfu.join({ sessionId, role: 'egress' });
    const microphone = egress.room?.producers.find(({ kind }) => kind === 'audio');
    const sink = await RtpSink.start(egress, microphone?.producerId ?? '');
    try {
      // The fake microphone is silent between its beeps.
      await waitFor('pauses', () => sink.pauses >= 3, { timeoutMs: 45_000 });
    } finally {
      sink.close();
    }
  });

  it.each([
    ['SVC', 'VP9'],
    ['simulcast', 'VP8'],
  ] as const)(
    'gets the layer of %s that its size and its bandwidth allow, and the larger one again when they do',
    async (_how, codec) => {
      const relay = await relayToMedia();
      try {
        const { viewer, video, cameraId } = await broadcast(codec, false, relay.port);
        const shows = (width: number): Promise<unknown> =>
          waitFor(`a width of ${width}`, async () => (await viewer.received(video)).width === width, {
            timeoutMs: 60_000,
          });
        await viewer.setSize(video, 1280, 720);
        await shows(640);
        await viewer.setSize(video, 160, 90);
        await shows(320);
        await viewer.setSize(video, 1280, 720);
        await shows(640);
        // Less than the larger picture takes, which of VP8 depends on how fast this machine encodes.
        const scarce = async (): Promise<number> =>
          codec === 'VP9' ? 200_000 : Math.max(60_000, 0.8 * (await largestLayer(cameraId)));
        const isSmaller = async (): Promise<boolean> => {
          relay.bitsPerSec = await scarce();
          return (await viewer.received(video)).width === 320;
        };
        await waitFor('the smaller one for want of bandwidth', isSmaller, { timeoutMs: 60_000 });
        await viewer.moreFrames(video, 20);
        relay.bitsPerSec = Infinity;
        await shows(640);
      } finally {
        relay.close();
      }
    },
    300_000,
  );

  it('is told how many of its frames get lost and come late, until its network is well again', async () => {
    const relay = await relayToMedia();
    try {
      const host = await open();
      const grant = { sessionId, peerId: randomUUID(), role: 'host' as const };
      await host.join(sfu.url, sfu.token(grant));
      await host.relayAt('send', relay.port);
      const [cameraId = ''] = await host.publish('H264');
      const reported = (what: string, isSo: (health: StagePeerHealth) => boolean): Promise<unknown> => {
        const look = async (): Promise<boolean> => {
          const health = await healthOf(grant.peerId);
          return health !== undefined && isSo(health);
        };
        // A machine under load makes frames late by itself, for a report or two.
        return waitFor(what, look, { timeoutMs: 60_000 });
      };
      const isWell = ({ frames, packetLoss }: StagePeerHealth): boolean =>
        (frames?.received ?? 0) > 20 && frames?.lost === 0 && frames.late === 0 && packetLoss === 0;
      await reported('whole frames', isWell);
      const room = sfu.running.rooms.find(sessionId)!;
      const { encodings } = (await room.shown(cameraId).onRouter(room.router)).rtpParameters;
      // With what is sent again nearly every frame would be whole after all.
      relay.lostStreams.add(encodings![0]!.rtx!.ssrc);
      relay.loss = 0.1;
      await reported(
        'lost frames',
        ({ frames, packetLoss }) => (frames?.lost ?? 0) > 0 && (packetLoss ?? 0) > 0,
      );
      relay.loss = 0;
      relay.lostStreams.clear();
      await reported('whole frames again', isWell);
      const { length: before } = await reportsOn(grant.peerId);
      relay.delayMs = 800;
      // For some seconds they are late beside those before, however many of them one report tells of.
      await waitFor('late frames', async () => {
        const since = (await reportsOn(grant.peerId)).slice(before);
        return since.reduce((sum, { frames }) => sum + (frames?.late ?? 0), 0) > 10;
      });
      relay.delayMs = 0;
      await reported('frames in time', isWell);
    } finally {
      relay.close();
    }
  }, 300_000);

  it('goes on after a lost connection, by ICE restart, while the others see a short freeze', async () => {
    const { host, viewer, grant, video } = await broadcast('H264');
    await host.drop();
    const again = await host.join(sfu.url, sfu.token(grant));
    expect(again).toEqual({ resumed: true, peerId: grant.peerId });
    await host.restartIce();
    await viewer.moreFrames(video, 20);
    await waitFor('the size of the picture', async () => ((await healthOf(grant.peerId))?.width ?? 0) > 0);
    await viewer.drop();
    const viewerId = [...sfu.running.rooms.find(sessionId)!.peers.values()].find(
      ({ role }) => role === 'viewer',
    )!.id;
    const back = await viewer.join(sfu.url, sfu.token({ sessionId, role: 'viewer', peerId: viewerId }));
    expect(back.resumed).toBe(true);
    await viewer.restartIce();
    await viewer.moreFrames(video, 20);
    const names = (await viewer.events()).map(({ name }) => name);
    expect(names).not.toContain('peer.left');
    expect(names).not.toContain('consumer.closed');
    expect(names).not.toContain('producer.removed');
  });

  it('sends over TCP where UDP is blocked, and our services get it as plain RTP', async () => {
    const { host, cameraId } = await broadcast('H264', true);
    expect(await host.protocolOf('send')).toBe('tcp');
    const egress = await sfu.join({ sessionId, role: 'egress' });
    const sink = await RtpSink.start(egress, cameraId);
    try {
      await sink.more(30);
    } finally {
      sink.close();
    }
  });
});
