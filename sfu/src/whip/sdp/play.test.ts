import * as mediasoup from 'mediasoup';
import { offerOf, routerCapabilities, type OfferName } from '../testing/offers.ts';
import { acceptPlayer, planPayloads, plannedCodecs, type Playable } from './play.ts';
import { readOffer } from './readOffer.ts';

const router = routerCapabilities();

function play(sdp: string): { plan: readonly (number | null)[]; playable: Playable[] } {
  const { media } = readOffer(sdp, 'receive');
  const plan = planPayloads(media, router);
  const own = mediasoup.ortc.generateRouterRtpCapabilities(plannedCodecs(plan, router));
  return { plan, playable: media.map((line) => acceptPlayer(line, own, 'stream track')) };
}

/** Codecs of the answer: [name, payload type]. */
function codecsOf(playable: Playable | undefined): [string, number][] {
  return (playable?.answer.codecs ?? []).map(({ mimeType, payloadType }) => [mimeType, payloadType]);
}

describe('a WHEP offer as capabilities', () => {
  it("numbers the room's codecs as Chromium does", () => {
    const { plan, playable } = play(offerOf('chromiumViewer'));
    expect(plan).toEqual([111, 96, 108, 102, 98]);
    expect(codecsOf(playable[0])).toEqual([['audio/opus', 111]]);
    expect(codecsOf(playable[1])).toEqual([
      ['video/VP8', 96],
      ['video/VP9', 98],
      ['video/H264', 102],
      ['video/H264', 108],
    ]);
  });

  it('numbers them as aiortc does', () => {
    const { plan, playable } = play(offerOf('aiortcViewer'));
    expect(plan).toEqual([96, 97, 101, 99, null]);
    expect(codecsOf(playable[1])).toEqual([
      ['video/VP8', 97],
      ['video/H264', 99],
      ['video/H264', 101],
    ]);
  });

  it('leaves bandwidth estimation out, unless the ids of its extensions agree', () => {
    const [, video] = play(offerOf('chromiumViewer')).playable;
    expect(video?.answer.extensions).toEqual([]);
    expect(video?.answer.codecs[0]?.rtcpFeedback).toEqual([
      { type: 'ccm', parameter: 'fir' },
      { type: 'nack', parameter: '' },
      { type: 'nack', parameter: 'pli' },
    ]);
    const transportCc = 'draft-holmer-rmcat-transport-wide-cc-extensions-01';
    const agreeing = offerOf('chromiumViewer')
      .replace('a=extmap:5 http', 'a=extmap:9 http')
      .replaceAll(new RegExp(`a=extmap:3 (.*${transportCc})`, 'g'), 'a=extmap:5 $1');
    const [, estimated] = play(agreeing).playable;
    expect(estimated?.answer.extensions.map(({ id }) => id)).toEqual([5]);
    expect(estimated?.answer.codecs[0]?.rtcpFeedback).toContainEqual({ type: 'transport-cc', parameter: '' });
  });

  it('gives up a codec whose number mediasoup takes for the RTX of another, rather than fail', () => {
    const { media } = readOffer(offerOf('chromiumViewer'), 'receive');
    const dense = media.map((line) => ({
      ...line,
      codecs: line.codecs
        .filter(({ mimeType }) => /opus|VP8|VP9/.test(mimeType))
        .map((codec, index) => ({ ...codec, payloadType: line.kind === 'audio' ? 111 : 100 + index })),
    }));
    const plan = planPayloads(dense, router);
    expect(plan).toEqual([111, 100, null, null, null]);
    expect(() => mediasoup.ortc.generateRouterRtpCapabilities(plannedCodecs(plan, router))).not.toThrow();
  });

  it.each<OfferName>(['chromiumViewer', 'aiortcViewer'])('makes of %s what mediasoup can serve', (name) => {
    const { media } = readOffer(offerOf(name), 'receive');
    const own = mediasoup.ortc.generateRouterRtpCapabilities(
      plannedCodecs(planPayloads(media, router), router),
    );
    for (const line of media) {
      const { rtpCapabilities } = acceptPlayer(line, own, 'stream track');
      const codecs = own.codecs
        ?.filter((codec) => codec.kind === line.kind)
        .map((codec) => ({ ...codec, payloadType: codec.preferredPayloadType }));
      expect(mediasoup.ortc.canConsume({ codecs: codecs ?? [], encodings: [] }, rtpCapabilities)).toBe(true);
    }
  });

  it('refuses a player that knows none of the codecs', () => {
    const sdp = offerOf('aiortcViewer').replaceAll(/rtpmap:(97|99|101) \w+/g, 'rtpmap:$1 H265');
    expect(() => play(sdp)).toThrow("No codec of video is one of the session's");
  });
});
