import { crossCheck, crossCheckPlaylist } from './crossCheck.ts';
import { fileRules } from './fileRules.ts';
import { historyRules } from './historyRules.ts';
import { multivariantRules } from './multivariantRules.ts';
import { parseMediaPlaylist } from './parsePlaylist.ts';
import type { PlaybackRecording, Snapshot } from './recording.ts';
import { renditionRules } from './renditionRules.ts';
import { snapshotRules } from './snapshotRules.ts';
import { syntheticRecording } from './syntheticRecording.ts';
import { validatePlayback } from './validatePlayback.ts';

type Break = (recording: PlaybackRecording) => PlaybackRecording;

/** Rewrites the text of full versions of the first playlist, from the `from`th full version on. */
function text(change: (text: string) => string, options: { from?: number; playlist?: number } = {}): Break {
  return (recording) => {
    const target = options.playlist ?? 0;
    const playlists = recording.playlists.map((playlist, index) => {
      if (index !== target) return playlist;
      const whole = playlist.snapshots.filter(({ delta }) => !delta);
      const snapshots = whole.map((snapshot, number): Snapshot => {
        if (number < (options.from ?? 0)) return snapshot;
        const changed = change(snapshot.text);
        return { ...snapshot, text: changed, playlist: parseMediaPlaylist(changed) };
      });
      return { ...playlist, snapshots };
    });
    return { ...recording, playlists };
  };
}

const replace = (pattern: RegExp | string, by: string, options?: Parameters<typeof text>[1]): Break =>
  text((playlist) => playlist.replaceAll(pattern, by), options);
/** Only one version is changed, so that the versions around it contradict it. */
const once = (pattern: RegExp | string, by: string, version: number): Break =>
  text(
    (() => {
      let seen = -1;
      return (playlist: string) => ((seen += 1) === version ? playlist.replace(pattern, by) : playlist);
    })(),
  );
const multivariant =
  (pattern: RegExp | string, by: string): Break =>
  (recording) => ({
    ...recording,
    multivariant: recording.multivariant.replaceAll(pattern, by),
  });
const files =
  (why: string, change: object, count = 1): Break =>
  (recording) => {
    let left = count;
    const changed = recording.files.map((file) =>
      file.why === why && left-- > 0 ? { ...file, ...change } : file,
    );
    return { ...recording, files: changed };
  };

/** How each rule is broken; every rule of the validator has one. */
const breaks: Readonly<Record<string, Break>> = {
  syntax: replace('#EXT-X-DISCONTINUITY-SEQUENCE', '#EXT-X-TARGETDURATION:2\n#EXT-X-DISCONTINUITY-SEQUENCE'),
  'EXT-X-VERSION fits the tags': replace('#EXT-X-VERSION:6', '#EXT-X-VERSION:9'),
  'PART-INF whenever there are parts': replace(/#EXT-X-PART-INF.*\n/g, ''),
  'no part longer than PART-TARGET': replace('PART-TARGET=0.50000', 'PART-TARGET=0.48000'),
  'parts at least 85 % of PART-TARGET': replace(/DURATION=0.50000(,URI="s\d+-1\.p2)/g, 'DURATION=0.40000$1'),
  'no segment longer than the target duration': replace('#EXTINF:2.00000', '#EXTINF:2.60000'),
  'SERVER-CONTROL': replace('HOLD-BACK=6.00000', 'HOLD-BACK=5.00000'),
  'every segment has a map': replace(/#EXT-X-MAP.*\n/g, ''),
  'a segment lasts as long as its parts': replace('#EXTINF:2.00000', '#EXTINF:1.99000'),
  'parts leave within 3 target durations': replace(
    /#EXTINF:2.00000,\ns2-1.m4s/g,
    '#EXT-X-PART:DURATION=0.5,URI="s2-1.p0.m4s"\n#EXTINF:2.00000,\ns2-1.m4s',
    { from: 25 },
  ),
  'parts leave in order': (recording) =>
    text((playlist) => {
      const uris = [...playlist.matchAll(/^s(\d+)-1\.m4s$/gm)].map(([, msn]) => msn);
      return playlist.replaceAll(new RegExp(`#EXT-X-PART:.*"s${uris.at(-1)}-1\\.p.*\n`, 'g'), '');
    })(recording),
  'PROGRAM-DATE-TIME always': replace(/#EXT-X-PROGRAM-DATE-TIME.*\n/g, ''),
  'PROGRAM-DATE-TIME runs with the media': replace('#EXTINF:2.00000,\ns3', '#EXTINF:1.90000,\ns3'),
  'one PRELOAD-HINT per type': replace(/(#EXT-X-PRELOAD-HINT.*\n)/g, '$1$1'),
  'a part is hinted': replace(/#EXT-X-PRELOAD-HINT.*\n/g, ''),
  'at least 3 target durations are listed once segments leave': text(
    (playlist) =>
      playlist
        .replace(/#EXT-X-MEDIA-SEQUENCE:\d+/, '#EXT-X-MEDIA-SEQUENCE:5')
        .replace(
          /(#EXT-X-PROGRAM[^\n]*\n(#EXT-X-PART[^\n]*\n)*#EXTINF[^\n]*\n[^\n]*\n)+(?=#EXT-X-PROGRAM)/,
          '',
        ),
    { from: 5 },
  ),
  'the target duration never changes': replace('#EXT-X-TARGETDURATION:2', '#EXT-X-TARGETDURATION:3', {
    from: 4,
  }),
  'PART-TARGET never changes': replace('PART-TARGET=0.50000', 'PART-TARGET=0.51000', { from: 4 }),
  'the media sequence never goes back': once(/MEDIA-SEQUENCE:\d+/, 'MEDIA-SEQUENCE:5', 20),
  'the discontinuity sequence never goes back': once(
    /DISCONTINUITY-SEQUENCE:0/,
    'DISCONTINUITY-SEQUENCE:1',
    4,
  ),
  'a listed segment does not change': replace(/^s4-1\.m4s/gm, 's4-2.m4s', { from: 23 }),
  'listed parts do not change': once(/(#EXT-X-PART:.*)p2\.m4s/, '$1p9.m4s', 5),
  'parts do not come back': once(/(#EXT-X-PART:.*"s\d+-1\.p2)\.m4s/, '$1x.m4s', 5),
  'the hinted part is the one that comes': once(/(HINT:TYPE=PART,URI=")s/, '$1t', 5),
  'nothing changes after the end': (recording) => {
    const [first, ...others] = recording.playlists;
    const early = first?.snapshots[10];
    if (!first || !early) throw new Error('the recording is too short');
    return { ...recording, playlists: [{ ...first, snapshots: [...first.snapshots, early] }, ...others] };
  },
  'rendition reports do not go back': once(
    /360p\/index\.m3u8",LAST-MSN=\d+/,
    '360p/index.m3u8",LAST-MSN=9',
    8,
  ),
  'segment boundaries are aligned over renditions': replace('#EXTINF:2.00000', '#EXTINF:1.80000', {
    playlist: 2,
  }),
  'discontinuities are aligned over renditions': replace('#EXT-X-DISCONTINUITY\n', '', { playlist: 2 }),
  'dates are the same over renditions': replace(/(DATE-TIME:.*:\d\d\.)\d+Z/g, '$1500Z', { playlist: 2 }),
  'the target duration is that of all': replace('#EXT-X-TARGETDURATION:2', '#EXT-X-TARGETDURATION:3', {
    playlist: 2,
  }),
  'SERVER-CONTROL is the same everywhere': replace('PART-HOLD-BACK=1.50000', 'PART-HOLD-BACK=2.00000', {
    playlist: 3,
  }),
  'PART-HOLD-BACK covers the largest PART-TARGET': replace('PART-TARGET=0.50000', 'PART-TARGET=0.60000', {
    playlist: 2,
  }),
  'a rendition report for every other rendition': replace(/#EXT-X-RENDITION-REPORT:URI="..\/audio.*\n/g, ''),
  'rendition reports are up to date': replace(/(LAST-MSN=)(\d+)/g, '$10', { from: 12 }),
  'CODECS, BANDWIDTH, AVERAGE-BANDWIDTH on every variant': multivariant(/AVERAGE-BANDWIDTH=\d+,/g, ''),
  'RESOLUTION and FRAME-RATE on every video variant': multivariant(/FRAME-RATE=[\d.]+,/g, ''),
  'every video variant plays with an audio group': multivariant('GROUP-ID="audio"', 'GROUP-ID="other"'),
  'the audio alone is a variant': multivariant(/CODECS="mp4a.40.2"/g, 'CODECS="avc1.64001f,mp4a.40.2"'),
  'EXT-X-INDEPENDENT-SEGMENTS': multivariant('#EXT-X-INDEPENDENT-SEGMENTS\n', ''),
  'an I-frame playlist for every video variant': multivariant(/#EXT-X-I-FRAME.*\n/g, ''),
  'a rendition for a phone on 3G': multivariant(/([:,]BANDWIDTH=)\d+/g, '$15000000'),
  'the measured peak is below 125 % and the mean below 110 % of what is said': multivariant(
    /([:,-]BANDWIDTH=)\d+/g,
    '$1100000',
  ),
  'what is listed is there': files('segment', { status: 404 }),
  'parts stay fetchable for 3 target durations after they left': files('left the list', { status: 404 }),
  'a hinted part is sent once it is there': files('hint', { status: 404 }),
  'the same URI is always the same bytes': files('hint', { digest: 'other' }),
  'a segment is exactly its parts': (recording) => ({
    ...recording,
    comparisons: [{ playlist: '720p', msn: 3, same: false }],
  }),
  'media types': files('init', { contentType: 'application/octet-stream' }),
  'INDEPENDENT=YES on every part that holds a key frame': files('part', { holdsKeyFrame: true }, 5),
  'playlists are answered': (recording) => ({
    ...recording,
    failures: [{ playlist: '720p', atMs: 0, url: 'x', failure: 'answered 500' }],
  }),
};

describe('the validator of PROTOCOLS A', () => {
  const faultless = syntheticRecording();

  it('finds nothing wrong with a faultless playback, delta updates and a reconnect included', () => {
    expect(validatePlayback(faultless)).toEqual([]);
    expect(faultless.playlists[0]?.snapshots.filter(({ delta }) => delta).length).toBeGreaterThan(10);
    expect(faultless.playlists[0]?.snapshots.at(-1)?.text).toContain('#EXT-X-DISCONTINUITY\n');
  });

  it('has a way to break every rule it knows', () => {
    const rules = [snapshotRules, historyRules, renditionRules, multivariantRules, fileRules].flatMap(
      Object.keys,
    );
    expect([...Object.keys(breaks)].sort()).toEqual([...rules, 'playlists are answered'].sort());
  });

  it.each(Object.entries(breaks))('sees that «%s» is broken', (rule, breakIt) => {
    const violations = validatePlayback(breakIt(faultless));
    expect(violations.map((violation) => violation.rule)).toContain(rule);
  });
});

describe('independent parsers', () => {
  it('read every version as we do', () => {
    expect(crossCheck(syntheticRecording())).toEqual([]);
  });

  it('disagree with a reading that is wrong', () => {
    const text = syntheticRecording().playlists[0]?.snapshots.at(-1)?.text ?? '';
    const wrong = { ...parseMediaPlaylist(text), mediaSequence: 99 };
    expect(crossCheckPlaylist(text, wrong)).toHaveLength(2);
    expect(
      crossCheckPlaylist(text.replace('HOLD-BACK=6', 'HOLD-BACK=2'), parseMediaPlaylist(text)),
    ).toHaveLength(1);
  });
});
