import { parse, write, type SessionDescription } from 'sdp-transform';
import type { types } from 'mediasoup';
import { writeCandidate } from './answer.ts';
import { wrongCredentials } from './iceCredentials.ts';
import { toText } from './plain.ts';
import { nonsense, refused } from './refuse.ts';

/** What a client says in a PATCH with `application/trickle-ice-sdpfrag` (RFC 8840). */
export interface IceFragment {
  readonly usernameFragment: string | null;
  readonly password: string | null;
  readonly candidateCount: number;
}

const maxCandidates = 100;

/**
 * Reads a fragment. Candidates are counted only: being ICE lite we answer where a check came from, and what a client
 * lists we need not know (RFC 8445, section 2.5). Unknown kinds of candidates are ignored with the rest.
 * Throws `bad_request` for what isn't a fragment, `validation_failed` (422) for credentials that can't be.
 */
export function readIceFragment(text: string): IceFragment {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line !== '');
  if (lines.length === 0) throw nonsense('The fragment is empty.');
  if (!lines.every((line) => /^[am]=\S/.test(line))) {
    throw nonsense('The fragment has a line that is neither an attribute nor an m-line.');
  }
  const parsed = parse(text);
  const [first] = parsed.media;
  const ufrag = first?.iceUfrag ?? parsed.iceUfrag;
  const pwd = first?.icePwd ?? parsed.icePwd;
  const candidateCount = lines.filter((line) => line.startsWith('a=candidate:')).length;
  if (candidateCount > maxCandidates)
    throw nonsense(`At most ${maxCandidates} candidates are taken at a time.`);
  if (ufrag === undefined && candidateCount === 0 && !text.includes('a=end-of-candidates')) {
    throw nonsense('The fragment has neither a candidate nor ice-ufrag.');
  }
  const usernameFragment = ufrag === undefined ? null : toText(ufrag);
  const password = pwd === undefined ? null : toText(pwd);
  const wrong = usernameFragment === null ? null : wrongCredentials({ usernameFragment, password });
  if (wrong !== null) throw refused(wrong);
  return { usernameFragment, password, candidateCount };
}

/** Our new ICE parameters and our candidates, the answer to an ICE restart (RFC 9725, section 4.3.3). */
export function writeIceFragment(
  mids: readonly { readonly mid: string; readonly kind: types.MediaKind }[],
  iceParameters: types.IceParameters,
  iceCandidates: readonly types.IceCandidate[],
): string {
  const [first] = mids;
  if (first === undefined) throw new Error('a session has at least one m-line');
  const fragment: SessionDescription = {
    version: 0,
    origin: { username: '-', sessionId: 0, sessionVersion: 0, netType: 'IN', ipVer: 4, address: '0.0.0.0' },
    name: '-',
    timing: { start: 0, stop: 0 },
    ...(iceParameters.iceLite === false ? {} : { icelite: 'ice-lite' }),
    iceOptions: 'trickle ice2',
    groups: [{ type: 'BUNDLE', mids: mids.map(({ mid }) => mid).join(' ') }],
    media: [
      {
        type: first.kind,
        port: 9,
        protocol: 'UDP/TLS/RTP/SAVPF',
        payloads: '0',
        rtp: [],
        fmtp: [],
        mid: first.mid,
        iceUfrag: iceParameters.usernameFragment,
        icePwd: iceParameters.password,
        candidates: iceCandidates.map(writeCandidate),
        endOfCandidates: 'end-of-candidates',
      },
    ],
  };
  // A fragment has attributes and m-lines only (RFC 8840, section 9.2).
  return write(fragment)
    .split('\r\n')
    .filter((line) => /^[am]=/.test(line))
    .map((line) => `${line}\r\n`)
    .join('');
}
