import { parse } from 'sdp-transform';
import { offerOf, routerCapabilities } from '../testing/offers.ts';
import { writeAnswer, type AnsweringTransport } from './answer.ts';
import { readIceFragment, writeIceFragment } from './iceFragment.ts';
import { acceptPublished } from './publish.ts';
import { readOffer } from './readOffer.ts';

const hash = Array.from({ length: 32 }, () => 'AB').join(':');
const transport: AnsweringTransport = {
  iceParameters: { usernameFragment: 'ufragufrag', password: 'passwordpasswordpassword', iceLite: true },
  iceCandidates: [
    {
      foundation: 'udpcandidate',
      priority: 1_076_302_079,
      ip: '192.0.2.1',
      address: '192.0.2.1',
      protocol: 'udp',
      port: 40_000,
      type: 'host',
    },
    {
      foundation: 'tcpcandidate',
      priority: 1_076_276_479,
      ip: '192.0.2.1',
      address: '192.0.2.1',
      protocol: 'tcp',
      port: 40_000,
      type: 'host',
      tcpType: 'passive',
    },
  ],
  dtlsParameters: {
    role: 'auto',
    fingerprints: [
      { algorithm: 'sha-1', value: 'AB' },
      { algorithm: 'sha-256', value: hash },
    ],
  },
};

function answerTo(sdp: string): string {
  const offer = readOffer(sdp, 'send');
  const media = offer.media.map((line) => acceptPublished(line, routerCapabilities()).answer);
  return writeAnswer(offer, media, transport, 7);
}

describe('the answer', () => {
  it('is the whole SDP that OBS needs', () => {
    const ends = [
      'a=setup:passive',
      'a=mid:MID',
      'a=recvonly',
      'a=ice-ufrag:ufragufrag',
      'a=ice-pwd:passwordpasswordpassword',
      `a=fingerprint:sha-256 ${hash}`,
      'a=candidate:udpcandidate 1 udp 1076302079 192.0.2.1 40000 typ host',
      'a=candidate:tcpcandidate 1 tcp 1076276479 192.0.2.1 40000 typ host tcptype passive',
      'a=end-of-candidates',
      'a=rtcp-mux',
    ];
    const line = (mid: string, ...own: string[]): string[] =>
      [...own, ...ends].map((text) => text.replace('MID', mid));
    const expected = [
      ...['v=0', 'o=maydan 7 1 IN IP4 127.0.0.1', 's=-', 't=0 0'],
      ...['a=ice-lite', 'a=ice-options:trickle ice2', 'a=group:BUNDLE 0 1', 'a=msid-semantic: WMS *'],
      ...line(
        '0',
        'm=audio 9 UDP/TLS/RTP/SAVPF 111',
        'c=IN IP4 0.0.0.0',
        'a=rtpmap:111 opus/48000/2',
        'a=fmtp:111 minptime=10;useinbandfec=1;stereo=1',
      ),
      ...line(
        '1',
        'm=video 9 UDP/TLS/RTP/SAVPF 96',
        'c=IN IP4 0.0.0.0',
        'a=rtpmap:96 H264/90000',
        'a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1',
        'a=rtcp-fb:96 nack',
        'a=rtcp-fb:96 nack pli',
      ),
    ];
    const lines = answerTo(offerOf('obsPublisher')).trimEnd().split('\r\n');
    expect(lines.toSorted()).toEqual(expected.toSorted());
    expect(lines.slice(0, 4)).toEqual(expected.slice(0, 4));
  });

  it('takes all layers of simulcast, as they were listed', () => {
    const [, video] = parse(answerTo(offerOf('chromiumSimulcast'))).media;
    expect(video?.rids?.map(({ id, direction }) => [id, direction])).toEqual([
      ['h', 'recv'],
      ['m', 'recv'],
      ['l', 'recv'],
    ]);
    expect(video?.simulcast).toEqual({ dir1: 'recv', list1: 'h;m;l' });
  });

  it('keeps the ids of header extensions', () => {
    const [audio] = parse(answerTo(offerOf('chromiumPublisher'))).media;
    expect(audio?.ext?.map(({ value }) => value)).toEqual([1, 2, 3, 4]);
  });

  it('is the DTLS client for an offerer that is the server', () => {
    const sdp = offerOf('obsPublisher').replace('a=setup:actpass', 'a=setup:passive');
    expect(parse(answerTo(sdp)).media.map(({ setup }) => setup)).toEqual(['active', 'active']);
  });
});

describe('ICE fragments', () => {
  it('reads the example of RFC 9725', () => {
    const fragment = [
      'a=group:BUNDLE 0 1',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'a=mid:0',
      'a=ice-ufrag:EsAw',
      'a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1',
      'a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1',
      'a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0 ufrag EsAw',
      'a=end-of-candidates',
      '',
    ].join('\r\n');
    expect(readIceFragment(fragment)).toEqual({
      usernameFragment: 'EsAw',
      password: 'P2uYro0UCOQ4zxjKXaWCBui1',
      candidateCount: 2,
    });
  });

  it('takes candidates of kinds nobody knows', () => {
    expect(
      readIceFragment('a=ice-ufrag:EsAw\r\na=candidate:1 1 quic 1 x.local 9 typ new\r\n').candidateCount,
    ).toBe(1);
  });

  it.each(['', 'hello', 'a=mid:0\r\n', 'v=0\r\na=ice-ufrag:x\r\n', 'a=candidate:1\r\n'.repeat(101)])(
    'calls %j nonsense',
    (text) => {
      expect(() => readIceFragment(text)).toThrow(expect.objectContaining({ code: 'bad_request' }));
    },
  );

  it('writes attributes and one m-line', () => {
    const text = writeIceFragment(
      [
        { mid: '0', kind: 'audio' },
        { mid: '1', kind: 'video' },
      ],
      transport.iceParameters,
      transport.iceCandidates,
    );
    expect(text.trimEnd().split('\r\n').toSorted()).toEqual(
      [
        'a=ice-lite',
        'a=ice-options:trickle ice2',
        'a=group:BUNDLE 0 1',
        'm=audio 9 UDP/TLS/RTP/SAVPF 0',
        'a=mid:0',
        'a=ice-ufrag:ufragufrag',
        'a=ice-pwd:passwordpasswordpassword',
        'a=candidate:udpcandidate 1 udp 1076302079 192.0.2.1 40000 typ host',
        'a=candidate:tcpcandidate 1 tcp 1076276479 192.0.2.1 40000 typ host tcptype passive',
        'a=end-of-candidates',
      ].toSorted(),
    );
    expect(readIceFragment(text).usernameFragment).toBe('ufragufrag');
  });
});
