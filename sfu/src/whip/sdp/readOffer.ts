import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net';
import {
  parse,
  parseSimulcastStreamList,
  type MediaDescription,
  type SessionDescription,
} from 'sdp-transform';
import type { types } from 'mediasoup';
import { wrongCredentials } from './iceCredentials.ts';
import type { LiteAddress, Offer, OfferedLayer, OfferedMedia, OfferedSsrc } from './offer.ts';
import { toText } from './plain.ts';
import { readCodecs, readParameters } from './readCodecs.ts';
import { nonsense, refused } from './refuse.ts';

/** Which way media flows, as the offerer sees it: a WHIP client sends, a WHEP player receives. */
export type OfferDirection = 'send' | 'receive';

const allowed: Record<OfferDirection, readonly string[]> = {
  send: ['sendonly', 'sendrecv'],
  receive: ['recvonly', 'sendrecv'],
};
/** More than a server has. */
const maxLiteAddresses = 4;
/**
 * Nobody's own: this network, multicast, reserved and broadcast; of IPv6 also those of a link, which need a zone, and those
 * that hold an IPv4 address. One list for each family: a rule for mapped addresses would hold for all of IPv4.
 */
const nobodys = {
  ipv4: subnets('ipv4', ['0.0.0.0', 8], ['224.0.0.0', 3]),
  ipv6: subnets(
    'ipv6',
    ...([
      ['::', 96],
      ['::ffff:0:0', 96],
      ['64:ff9b::', 96],
      ['64:ff9b:1::', 48],
      ['2002::', 16],
    ] as const),
    ...([
      ['fe80::', 10],
      ['fec0::', 10],
      ['ff00::', 8],
    ] as const),
  ),
};
const digestBytes: Readonly<Record<string, number>> = {
  'sha-1': 20,
  'sha-224': 28,
  'sha-256': 32,
  'sha-384': 48,
  'sha-512': 64,
};

/**
 * Reads an SDP offer and holds it to the rules that RFC 9725, section 4.4, gives to make servers simple: one BUNDLE
 * group, rtcp-mux, DTLS-SRTP, at most one m-line of each kind, no partial answers.
 * Throws `bad_request` for what isn't SDP, `validation_failed` (422) for an offer we can't answer as a whole.
 */
export function readOffer(sdp: string, direction: OfferDirection): Offer {
  const session = parseSdp(sdp);
  const [first] = session.media;
  if (first === undefined) throw refused('The offer has no m-line.');
  requireOneOfEachKind(session);
  const media = session.media.map((line) => readMedia(session, line, direction));
  requireBundle(session, media);
  return {
    ice: readIce(session, first),
    dtls: { role: readDtlsRole(session, first), fingerprint: readFingerprint(session, first) },
    liteAddresses: session.icelite === undefined ? null : readLiteAddresses(first),
    mixedExtensions: session.extmapAllowMixed !== undefined || first.extmapAllowMixed !== undefined,
    media,
  };
}

function parseSdp(sdp: string): SessionDescription {
  if (!/^v=0\r?\n/.test(sdp)) throw nonsense('The body is not SDP: it does not begin with "v=0".');
  if (!/^o=\S+ /m.test(sdp) || !/^t=/m.test(sdp)) throw nonsense('The SDP lacks its o= or t= line.');
  if (/^(?![a-z]=)[^\r\n]/m.test(sdp)) throw nonsense('The SDP has a line that is not "<letter>=<value>".');
  try {
    return parse(sdp);
  } catch (cause) {
    throw nonsense(`The SDP can't be parsed: ${cause instanceof Error ? cause.message : 'unknown'}`);
  }
}

function requireOneOfEachKind({ media }: SessionDescription): void {
  for (const kind of ['audio', 'video']) {
    const count = media.filter(({ type }) => type === kind).length;
    if (count > 1) throw refused(`The offer has ${count} m-lines of ${kind}; one is supported.`);
  }
  const other = media.find(({ type }) => type !== 'audio' && type !== 'video');
  if (other !== undefined)
    throw refused(`The offer has an m-line of ${other.type}; only audio and video are.`);
}

/** All m-lines share one transport (RFC 9725, section 4.4.1); a lone one needs no group to do so. */
function requireBundle(session: SessionDescription, media: readonly OfferedMedia[]): void {
  const mids = media.map(({ mid }) => mid);
  if (new Set(mids).size !== mids.length) throw refused('Two m-lines have the same mid.');
  if (mids.length < 2) return;
  const group = session.groups?.find(({ type }) => type === 'BUNDLE');
  const bundled = new Set(toText(group?.mids).split(' '));
  if (!mids.every((mid) => bundled.has(mid))) throw refused('All m-lines must be in one BUNDLE group.');
}

function readIce(session: SessionDescription, line: MediaDescription): Offer['ice'] {
  const usernameFragment = toText(line.iceUfrag ?? session.iceUfrag);
  const password = toText(line.icePwd ?? session.icePwd);
  const wrong = wrongCredentials({ usernameFragment, password });
  if (wrong !== null) throw refused(wrong);
  return { usernameFragment, password };
}

function subnets(
  family: 'ipv4' | 'ipv6',
  ...nets: readonly (readonly [net: string, bits: number])[]
): BlockList {
  const list = new BlockList();
  for (const [net, bits] of nets) list.addSubnet(net, bits, family);
  return list;
}

/** An address as sockets write it; null when it isn't one, or nobody's. */
function usableAddress(ip: string): string | null {
  if (isIPv4(ip)) return nobodys.ipv4.check(ip) ? null : ip;
  if (!isIPv6(ip) || ip.includes('%')) return null;
  const { address } = new SocketAddress({ address: ip, family: 'ipv6' });
  return address !== '::1' && nobodys.ipv6.check(address, 'ipv6') ? null : address;
}

/** It has host candidates alone, and knows them when it makes its offer (RFC 8445, section 5.2). */
function readLiteAddresses({ candidates = [] }: MediaDescription): LiteAddress[] {
  const usable = candidates.flatMap(({ component, transport, ip: written, port }) => {
    const ip = usableAddress(written);
    const isUdp = component === 1 && transport.toLowerCase() === 'udp' && port > 0 && port < 65_536;
    return isUdp && ip !== null ? [{ ip, port }] : [];
  });
  if (usable.length === 0)
    throw refused('An offer that is ICE lite needs a candidate of UDP with an address of a host.');
  return usable.slice(0, maxLiteAddresses);
}

/** To `actpass` we answer `passive`: the DTLS client speaks first, as soon as its ICE is through. */
function readDtlsRole(session: SessionDescription, line: MediaDescription): 'client' | 'server' {
  const setup = line.setup ?? session.setup;
  if (setup === 'actpass' || setup === 'active') return 'client';
  if (setup === 'passive') return 'server';
  throw refused('a=setup must be actpass, active or passive.');
}

function readFingerprint(session: SessionDescription, line: MediaDescription): types.DtlsFingerprint {
  const given = line.fingerprint ?? session.fingerprint;
  const type = toText(given?.type).toLowerCase();
  const hash = toText(given?.hash).toUpperCase();
  const bytes = digestBytes[type];
  const wellFormed = /^[0-9A-F]{2}(:[0-9A-F]{2})*$/.test(hash) && hash.length === (bytes ?? 0) * 3 - 1;
  if (!wellFormed || !isAlgorithm(type)) throw refused('a=fingerprint is missing or malformed.');
  return { algorithm: type, value: hash };
}

function isAlgorithm(type: string): type is types.FingerprintAlgorithm {
  return type in digestBytes;
}

function readMedia(session: SessionDescription, line: MediaDescription, way: OfferDirection): OfferedMedia {
  const kind = line.type === 'audio' ? 'audio' : 'video';
  if (line.mid === undefined) throw refused(`The m-line of ${kind} has no mid.`);
  const mid = toText(line.mid);
  if (!/TLS\/RTP\/SAVPF?$/.test(line.protocol)) throw refused(`${line.protocol} is not DTLS-SRTP.`, mid);
  if (line.port === 0 && line.bundleOnly === undefined) throw refused('The m-line is switched off.', mid);
  if (line.rtcpMux === undefined) throw refused('RTCP must be multiplexed (a=rtcp-mux).', mid);
  const direction = line.direction ?? session.direction ?? 'sendrecv';
  if (!allowed[way].includes(direction)) {
    throw refused(`The direction must be ${allowed[way].join(' or ')}, not ${direction}.`, mid);
  }
  const msid = line.msid?.[0];
  return {
    mid,
    kind,
    protocol: line.protocol,
    codecs: readCodecs(line),
    extensions: (line.ext ?? []).map(({ uri, value }) => ({ uri, id: value })),
    reducedSizeRtcp: line.rtcpRsize !== undefined,
    msid: msid === undefined ? undefined : [msid.id, msid.appdata].filter(Boolean).join(' '),
    cname: line.ssrcs?.find(({ attribute }) => attribute === 'cname')?.value?.toString(),
    ssrcs: readSsrcs(line, mid),
    layers: readLayers(line),
  };
}

function readSsrcs(line: MediaDescription, mid: string): OfferedSsrc[] {
  const groups = (line.ssrcGroups ?? []).map(({ semantics, ssrcs }) => ({
    semantics,
    ssrcs: toText(ssrcs).split(' ').map(Number),
  }));
  if (groups.some(({ semantics }) => semantics === 'SIM')) {
    throw refused('Simulcast by SSRC groups is not supported; use a=simulcast and RIDs (RFC 8853).', mid);
  }
  const rtx = new Map<number, number>();
  for (const { semantics, ssrcs } of groups) {
    const [media, repair] = ssrcs;
    if (semantics === 'FID' && media !== undefined && repair !== undefined) rtx.set(media, repair);
  }
  const repairs = new Set([
    ...rtx.values(),
    ...groups.filter(({ semantics }) => semantics !== 'FID').flatMap(({ ssrcs }) => ssrcs.slice(1)),
  ]);
  const ids = new Set((line.ssrcs ?? []).map(({ id }) => id));
  return [...ids].filter((ssrc) => !repairs.has(ssrc)).map((ssrc) => ({ ssrc, rtxSsrc: rtx.get(ssrc) }));
}

/** Of alternatives (`1,2`) the first is taken; a layer that begins paused (`~1`) is a layer all the same. */
function readLayers(line: MediaDescription): OfferedLayer[] {
  const rids = (line.rids ?? []).filter(({ direction }) => direction === 'send');
  const { simulcast } = line;
  const list = simulcast?.dir1 === 'send' ? simulcast.list1 : simulcast?.list2;
  const listed =
    list === undefined
      ? rids.map(({ id }) => toText(id))
      : parseSimulcastStreamList(toText(list)).flatMap(([first]) => (first ? [toText(first.scid)] : []));
  return listed.flatMap((rid) => {
    const found = rids.find(({ id }) => toText(id) === rid);
    return found === undefined ? [] : [{ rid, restrictions: readParameters(found.params) }];
  });
}
