import { AppError } from '@maydan/common';
import { offerOf } from '../testing/offers.ts';
import { readOffer, type OfferDirection } from './readOffer.ts';

function refusal(sdp: string, direction: OfferDirection = 'send'): { status: number; message: string } {
  try {
    readOffer(sdp, direction);
  } catch (error) {
    if (error instanceof AppError) return { status: error.status, message: error.message };
    throw error;
  }
  throw new Error('the offer was taken');
}

describe('reading an offer', () => {
  it('reads what Chromium offers', () => {
    const offer = readOffer(offerOf('chromiumPublisher'), 'send');
    expect(offer.ice).toEqual({ usernameFragment: 've8R', password: '28pNddTqe0UKxdaix2UpLwPT' });
    expect(offer.dtls.role).toBe('client');
    expect(offer.dtls.fingerprint.algorithm).toBe('sha-256');
    expect(offer.mixedExtensions).toBe(true);
    const [audio, video] = offer.media;
    expect(audio).toMatchObject({ mid: '0', kind: 'audio', cname: 'UQa4B5MfSvyTAOiF', layers: [] });
    expect(audio?.codecs[0]).toEqual({
      payloadType: 111,
      mimeType: 'audio/opus',
      clockRate: 48_000,
      channels: 2,
      parameters: { minptime: 10, useinbandfec: 1 },
      rtcpFeedback: [{ type: 'transport-cc', parameter: '' }],
    });
    expect(video?.ssrcs).toEqual([{ ssrc: 415127511, rtxSsrc: 1452391167 }]);
    expect(video?.msid).toBe('b167f9e7-0e40-42e9-87f4-c6106fd1426a 70bc7e6a-cc00-4cb0-a1fe-412bafd04d4b');
    expect(video?.codecs.find(({ payloadType }) => payloadType === 102)?.parameters).toEqual({
      'level-asymmetry-allowed': 1,
      'packetization-mode': 1,
      'profile-level-id': '42001f',
    });
    expect(video?.extensions).toContainEqual({ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4 });
  });

  it('reads the layers of simulcast in their order', () => {
    const [, video] = readOffer(offerOf('chromiumSimulcast'), 'send').media;
    expect(video?.layers.map(({ rid }) => rid)).toEqual(['h', 'm', 'l']);
    expect(video?.ssrcs).toEqual([]);
  });

  it('reads what OBS offers: transport attributes for the whole session', () => {
    const offer = readOffer(offerOf('obsPublisher'), 'send');
    expect(offer.ice.usernameFragment).toBe('nxcM');
    expect(offer.media.map(({ ssrcs }) => ssrcs)).toEqual([
      [{ ssrc: 3388068600, rtxSsrc: undefined }],
      [{ ssrc: 3388068601, rtxSsrc: undefined }],
    ]);
  });

  it('reads a lone m-line with a name for mid', () => {
    const [video, ...others] = readOffer(offerOf('gstreamerPublisher'), 'send').media;
    expect(video).toMatchObject({ mid: 'video0', kind: 'video' });
    expect(others).toEqual([]);
  });

  it('reads where a client waits that is ICE lite', () => {
    const lite = obs.replace('a=group:LS', 'a=ice-lite\r\na=group:LS');
    expect(readOffer(lite, 'send').liteAddresses).toEqual([{ ip: '192.0.2.9', port: 57_249 }]);
    expect(readOffer(obs, 'send').liteAddresses).toBeNull();
    const at = (ip: string): unknown =>
      readOffer(lite.replace(/(UDP 2122317823) \S+/, `$1 ${ip}`), 'send').liteAddresses?.map(
        (address) => address.ip,
      );
    expect(at('2001:DB8:0:0:0:0:0:7')).toEqual(['2001:db8::7']);
    expect(at('::1')).toEqual(['::1']);
  });

  it.each([
    ...['::', '::10.0.0.1', '::ffff:127.0.0.1', '::ffff:192.0.2.9', '64:ff9b::7f00:1', '2002:7f00:1::'],
    ...['fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', 'somewhere.local'],
  ])('refuses a client that is ICE lite at %s', (ip) => {
    const lite = obs
      .replace('a=group:LS', 'a=ice-lite\r\na=group:LS')
      .replace(/(UDP 2122317823) \S+/, `$1 ${ip}`);
    expect(refusal(lite)).toMatchObject({ status: 422 });
  });

  it('takes the transport of the first m-line, where a client gathered for each', () => {
    expect(readOffer(offerOf('aiortcPublisher'), 'send').ice.usernameFragment).toBe('rbue');
  });

  it('keeps a profile-level-id of six decimal digits as it is', () => {
    const sdp = offerOf('obsPublisher').replace('42e01f', '420010');
    const [, video] = readOffer(sdp, 'send').media;
    expect(video?.codecs[0]?.parameters['profile-level-id']).toBe('420010');
  });

  it('lets the offerer be the DTLS server when it insists', () => {
    const sdp = offerOf('obsPublisher').replace('a=setup:actpass', 'a=setup:passive');
    expect(readOffer(sdp, 'send').dtls.role).toBe('server');
  });

  it.each([
    '',
    'hello',
    '{"sdp":"v=0"}',
    'v=0\r\n',
    'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nt=0 0\r\n\u0000binary',
  ])('calls %j nonsense', (body) => {
    expect(refusal(body).status).toBe(400);
  });

  const obs = offerOf('obsPublisher');
  const audioLine = obs.slice(obs.indexOf('m=audio'), obs.indexOf('m=video'));
  const wrong: [string, string, string][] = [
    ['no m-line', obs.slice(0, obs.indexOf('m=audio')), 'no m-line'],
    ['the wrong direction', obs.replaceAll('a=sendonly', 'a=recvonly'), 'must be sendonly or sendrecv'],
    ['one m-line of the wrong direction', obs.replace('a=sendonly', 'a=inactive'), 'not inactive'],
    ['two m-lines of a kind', obs + audioLine.replace('a=mid:0', 'a=mid:2'), '2 m-lines of audio'],
    [
      'a data channel',
      `${obs}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n`,
      'an m-line of application',
    ],
    ['m-lines that are not bundled', obs.replace('a=group:BUNDLE 0 1\r\n', ''), 'BUNDLE'],
    ['a bundle without one of them', obs.replace('BUNDLE 0 1', 'BUNDLE 0'), 'BUNDLE'],
    ['the same mid twice', obs.replace('a=mid:1', 'a=mid:0'), 'same mid'],
    ['no mid', obs.replace('a=mid:1\r\n', ''), 'no mid'],
    ['RTCP on a port of its own', obs.replace('a=rtcp-mux\r\n', ''), 'rtcp-mux'],
    ['plain RTP', obs.replaceAll('UDP/TLS/RTP/SAVPF', 'RTP/AVP'), 'DTLS-SRTP'],
    ['no ICE credentials', obs.replace(/a=ice-pwd.*\r\n/, ''), 'ice-pwd'],
    ['no fingerprint', obs.replace(/a=fingerprint.*\r\n/, ''), 'fingerprint'],
    ['half a fingerprint', obs.replace(/(a=fingerprint:sha-256 .{20}).*/, '$1'), 'fingerprint'],
    ['a=setup:holdconn', obs.replace('actpass', 'holdconn'), 'a=setup'],
    [
      'ICE lite without an address',
      obs.replace('a=group:LS', 'a=ice-lite\r\na=group:LS').replace(/a=candidate.*\r\n/, ''),
      'ICE lite',
    ],
    ['an m-line that is switched off', obs.replace('m=video 57249', 'm=video 0'), 'switched off'],
    ['simulcast by SSRCs', `${obs}a=ssrc-group:SIM 1 2 3\r\n`, 'RFC 8853'],
  ];
  it.each(wrong)('refuses %s', (_what, sdp, says) => {
    const { status, message } = refusal(sdp);
    expect(status).toBe(422);
    expect(message).toContain(says);
  });

  it('refuses a player that wants to send', () => {
    expect(refusal(offerOf('chromiumPublisher'), 'receive').status).toBe(422);
    expect(readOffer(offerOf('chromiumViewer'), 'receive').media).toHaveLength(2);
  });
});
