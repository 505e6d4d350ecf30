import * as mediasoup from 'mediasoup';
import { offerOf, routerCapabilities, type OfferName } from '../testing/offers.ts';
import { acceptPublished, type Published } from './publish.ts';
import { orderLayers } from './layerOrder.ts';
import { readOffer } from './readOffer.ts';

const router = routerCapabilities();

function publish(sdp: string): Published[] {
  return readOffer(sdp, 'send').media.map((media) => acceptPublished(media, router));
}

describe('a WHIP offer as producers', () => {
  it('takes the first codec that the room has, with its RTX, as Chromium numbers them', () => {
    const [audio, video] = publish(offerOf('chromiumPublisher'));
    expect(audio?.rtpParameters).toEqual({
      mid: '0',
      msid: 'b167f9e7-0e40-42e9-87f4-c6106fd1426a 17768d41-c904-4178-865a-f7e6a72535d2',
      codecs: [
        {
          mimeType: 'audio/opus',
          payloadType: 111,
          clockRate: 48_000,
          channels: 2,
          parameters: { minptime: 10, useinbandfec: 1 },
          rtcpFeedback: [{ type: 'transport-cc', parameter: '' }],
        },
      ],
      headerExtensions: [
        { uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: 1 },
        { uri: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time', id: 2 },
        { uri: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01', id: 3 },
        { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4 },
      ],
      encodings: [{ ssrc: 2678115148 }],
      rtcp: { cname: 'UQa4B5MfSvyTAOiF', reducedSize: true },
    });
    expect(video?.rtpParameters.codecs.map((codec) => [codec.mimeType, codec.payloadType])).toEqual([
      ['video/VP8', 96],
      ['video/rtx', 97],
    ]);
    expect(video?.rtpParameters.encodings).toEqual([{ ssrc: 415127511, rtx: { ssrc: 1452391167 } }]);
    // Of the two ways to estimate bandwidth, one.
    expect(video?.rtpParameters.codecs[0]?.rtcpFeedback).toEqual([
      { type: 'transport-cc', parameter: '' },
      { type: 'ccm', parameter: 'fir' },
      { type: 'nack', parameter: '' },
      { type: 'nack', parameter: 'pli' },
    ]);
  });

  it('passes by a codec that the room lacks', () => {
    const sdp = offerOf('chromiumPublisher').replace('SAVPF 96 97 102', 'SAVPF 45 46 39 40 102');
    const [, video] = publish(sdp);
    expect(video?.rtpParameters.codecs.map(({ payloadType }) => payloadType)).toEqual([102, 103]);
  });

  it('asks for stereo sound with error correction', () => {
    const [audio] = publish(offerOf('chromiumPublisher'));
    expect(audio?.answer.codecs[0]?.parameters).toEqual({ minptime: 10, useinbandfec: 1, stereo: 1 });
  });

  it('takes simulcast from the smallest layer to the largest', () => {
    const [, video] = publish(offerOf('chromiumSimulcast'));
    expect(video?.rtpParameters.encodings).toEqual([{ rid: 'l' }, { rid: 'm' }, { rid: 'h' }]);
  });

  it('tells a stream by its MID when it names no SSRC', () => {
    const sdp = offerOf('chromiumPublisher').replace(/a=ssrc.*\r\n/g, '');
    expect(publish(sdp).map(({ rtpParameters }) => rtpParameters.encodings)).toEqual([[{}], [{}]]);
  });

  it.each<OfferName>([
    'chromiumPublisher',
    'chromiumSimulcast',
    'obsPublisher',
    'gstreamerPublisher',
    'aiortcPublisher',
  ])('makes of %s what mediasoup takes', (name) => {
    for (const { rtpParameters } of publish(offerOf(name))) {
      mediasoup.ortc.validateAndNormalizeRtpParameters(rtpParameters);
      expect(mediasoup.ortc.getProducerRtpParametersMapping(rtpParameters, router).codecs).not.toEqual([]);
    }
  });

  const obs = offerOf('obsPublisher');
  const wrong: [string, string, string][] = [
    [
      'codecs the room lacks',
      obs.replace('H264/90000', 'H265/90000'),
      'offered video/H265; supported video/VP8',
    ],
    ['another H.264 packetization', obs.replace('packetization-mode=1', 'packetization-mode=0'), 'No codec'],
    ['streams that nothing tells apart', obs.replace(/a=ssrc.*\r\n/g, ''), 'names no SSRC'],
    ['two streams in an m-line', `${obs}a=ssrc:7 cname:x\r\n`, 'several streams'],
    [
      'simulcast without RIDs in the packets',
      offerOf('chromiumSimulcast').replace(/a=extmap.*rtp-stream-id\r\n/g, ''),
      'MID and RID',
    ],
  ];
  it.each(wrong)('refuses %s', (_what, sdp, says) => {
    expect(() => publish(sdp)).toThrow(says);
  });
});

describe('the order of layers', () => {
  const layer = (rid: string, restrictions = {}) => ({ rid, restrictions });
  const order = (...layers: ReturnType<typeof layer>[]) => orderLayers(layers).map(({ rid }) => rid);

  it('follows the restrictions of the RIDs', () => {
    expect(order(layer('a', { 'max-width': 1280 }), layer('b', { 'max-width': 320 }))).toEqual(['b', 'a']);
  });

  it('knows well-known names, whatever their order', () => {
    expect(order(layer('q'), layer('h'), layer('f'))).toEqual(['q', 'h', 'f']);
    expect(order(layer('f'), layer('h'), layer('q'))).toEqual(['q', 'h', 'f']);
    expect(order(layer('h'), layer('l'))).toEqual(['l', 'h']);
    expect(order(layer('r0'), layer('r1'))).toEqual(['r0', 'r1']);
  });

  it('takes the first for the best otherwise, as OBS lists them', () => {
    expect(order(layer('0'), layer('1'), layer('2'))).toEqual(['2', '1', '0']);
  });
});
