import { leaveReason } from '@maydan/contracts';
import { cameraHeightOf, planEncoding, videoCodecOf } from './encodings.ts';
import { afterRoomClosed, closeReasonOf, nextAttempt, nextQuestionMs } from './reconnect.ts';
import { readRtpStats } from './rtpStats.ts';

describe('what follows a loss', () => {
  const outage = { failures: 0, lostForMs: 0, grantAgeMs: 60_000, code: null };

  it('is one try at once with the same token, which resumes the peer', () => {
    expect(nextAttempt(outage, 0.5)).toEqual({ delayMs: 0, newGrant: false });
  });

  it('is a question to the api when the node does not answer, with many tries within 5 s', () => {
    let lostForMs = 0;
    let tries = 0;
    for (let failures = 1; lostForMs < 5_000; failures += 1) {
      const next = nextAttempt({ ...outage, failures, lostForMs, code: 'unavailable' }, 0.99);
      expect(next.newGrant).toBe(failures >= 2);
      lostForMs += next.delayMs;
      tries += 1;
    }
    expect(tries).toBeGreaterThan(6);
  });

  it('asks the api at once about a node that takes connections and says nothing', () => {
    expect(nextAttempt({ ...outage, failures: 1, code: 'timeout' }, 0).newGrant).toBe(true);
  });

  it('spreads clients and slows down after the quick phase', () => {
    const late = { ...outage, failures: 30, lostForMs: 60_000, code: 'unavailable' as const };
    expect(nextAttempt(late, 0).delayMs).toBeGreaterThanOrEqual(2_000);
    expect(nextAttempt(late, 0.9).delayMs).toBeGreaterThan(nextAttempt(late, 0.1).delayMs);
  });

  it('asks for a new token at once when the old one is refused, and not for each try of a young one', () => {
    expect(nextAttempt({ ...outage, failures: 1, code: 'token_expired' }, 0).newGrant).toBe(true);
    expect(nextAttempt({ ...outage, failures: 1, code: 'forbidden' }, 0).newGrant).toBe(true);
    expect(nextAttempt({ ...outage, failures: 3, grantAgeMs: 200, code: 'timeout' }, 0).newGrant).toBe(false);
  });

  it('asks the api about a silent node often at first, and not for each moment until the connection is lost', () => {
    let waitedMs = 0;
    let questions = 1;
    for (; waitedMs < 10_000; questions += 1) waitedMs += nextQuestionMs(questions);
    expect([1, 2, 3, 4, 5].reduce((sum, asked) => sum + nextQuestionMs(asked), 0)).toBeLessThan(2_500);
    expect(questions).toBeLessThan(12);
  });

  it('is the end after everything but a lost room and one that has become private', () => {
    const again = leaveReason.options.filter((reason) => afterRoomClosed(reason) !== null);
    expect(again).toEqual(['lost', 'roomLost', 'accessEnded']);
  });

  it('tells refusals that last from those that pass', () => {
    expect(closeReasonOf('overloaded')).toBeNull();
    expect(closeReasonOf('unavailable')).toBeNull();
    expect(closeReasonOf('account_banned')).toBe('banned');
    expect(closeReasonOf('wrong_state')).toBe('sessionEnded');
    expect(closeReasonOf('forbidden')).toBe('refused');
  });
});

describe('planEncoding', () => {
  const known = ['video/VP8', 'video/H264', 'video/VP9'].map((mimeType, index) => ({
    kind: 'video' as const,
    mimeType,
    preferredPayloadType: 100 + index,
    clockRate: 90_000,
  }));

  it('sends the camera as three VP8 layers, each four times smaller', () => {
    const { codec, encodings } = planEncoding('camera', 'vp8', known, 720);
    expect(codec?.mimeType).toBe('video/VP8');
    expect(encodings.map((encoding) => encoding.scaleResolutionDownBy)).toEqual([4, 2, 1]);
  });

  it('sends fewer layers of a small picture, always the whole one among them', () => {
    const scales = [1080, 540, 360, 180].map((height) =>
      planEncoding('camera', 'vp8', known, height).encodings.map(
        (encoding) => encoding.scaleResolutionDownBy,
      ),
    );
    expect(scales).toEqual([[4, 2, 1], [4, 2, 1], [2, 1], [1]]);
  });

  it('sends H.264 in one layer and VP9 with layers inside', () => {
    expect(planEncoding('camera', 'h264', known, 720)).toMatchObject({
      codec: { mimeType: 'video/H264' },
      encodings: [{ maxBitrate: 2_000_000 }],
    });
    expect(planEncoding('camera', 'vp9', known, 720).encodings[0]?.scalabilityMode).toBe('L3T3_KEY');
  });

  it('falls back to VP8 for what browser or room do not know', () => {
    const plan = planEncoding('camera', 'av1', known, 720);
    expect(plan.codec?.mimeType).toBe('video/VP8');
    expect(plan.encodings).toHaveLength(3);
  });

  it('sends speech with FEC and DTX, and the sound of a screen in stereo without DTX', () => {
    expect(planEncoding('microphone', 'vp8', known, 720).codecOptions).toMatchObject({
      opusFec: true,
      opusDtx: true,
    });
    expect(planEncoding('screenAudio', 'vp8', known, 720).codecOptions).toMatchObject({
      opusStereo: true,
      opusDtx: false,
    });
  });

  it('reads the height of an address', () => {
    expect(['?camera=1080', '?camera=9', '?camera=x', ''].map(cameraHeightOf)).toEqual([1080, 720, 720, 720]);
  });

  it('reads the codec of an address', () => {
    expect(['?codec=h264', '?codec=H264', '?codec=mpeg2', ''].map(videoCodecOf)).toEqual([
      'h264',
      'h264',
      'vp8',
      'vp8',
    ]);
  });
});

describe('readRtpStats', () => {
  const sent = (timestamp: number, bytes: number, packets: number, lost: number): unknown[] => [
    { type: 'outbound-rtp', timestamp, bytesSent: bytes / 2, packetsSent: packets / 2, frameHeight: 180 },
    {
      type: 'outbound-rtp',
      timestamp,
      bytesSent: bytes / 2,
      packetsSent: packets / 2,
      frameHeight: 720,
      framesPerSecond: 30,
      framesEncoded: 90,
      qualityLimitationReason: 'cpu',
    },
    { type: 'remote-inbound-rtp', timestamp, packetsLost: lost, roundTripTime: 0.05, jitter: 0.002 },
    { type: 'codec', mimeType: 'video/VP8' },
  ];

  it('sums layers and gives rates since the figures before', () => {
    const first = readRtpStats(sent(1_000, 10_000, 100, 0), null);
    expect(first).toMatchObject({ bitrateBps: null, lossRatio: null, height: 720, codec: 'video/VP8' });
    const second = readRtpStats(sent(3_000, 260_000, 298, 2), first);
    expect(second).toMatchObject({
      bitrateBps: 1_000_000,
      lossRatio: 0.01,
      roundTripMs: 50,
      limitedBy: 'cpu',
    });
  });

  it('reads what is received, and how loud it is', () => {
    const inbound = {
      type: 'inbound-rtp',
      timestamp: 5,
      bytesReceived: 7,
      packetsReceived: 1,
      packetsLost: 3,
      audioLevel: 0.25,
    };
    expect(readRtpStats([inbound], null)).toMatchObject({ bytes: 7, packetsLost: 3, audioLevel: 0.25 });
  });

  it('makes nothing of nonsense', () => {
    expect(readRtpStats([null, 3, { type: 'outbound-rtp', bytesSent: 'x' }], null)).toMatchObject({
      bytes: 0,
    });
  });
});
