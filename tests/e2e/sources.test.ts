import { checkMedia } from '../support/mediaCheck.ts';
import { mediaPlaylistUrls, waitForNewerSegment } from '../support/playlists.ts';
import type { TestPattern } from '../support/publish/testPattern.ts';
import { RestreamPlace } from '../support/restreamed.ts';
import { useStack } from '../support/useStack.ts';
import { waitFor } from '../support/waitFor.ts';

const cases: [string, TestPattern, { width?: number; height?: number }][] = [
  [
    '44.1 kHz mono sound and B-frames',
    { width: 320, height: 180, frameRate: 24, audioRateHz: 44_100, audioChannels: 1, bFrames: 2 },
    { width: 320, height: 180 },
  ],
  [
    'a portrait picture of 30 frames a second',
    { width: 180, height: 320, frameRate: 30 },
    { width: 180, height: 320 },
  ],
  ['video alone', { width: 320, height: 180, frameRate: 25, audio: false }, { width: 320, height: 180 }],
  ['sound alone', { width: 0, height: 0, frameRate: 25, video: false }, {}],
  [
    'key frames ten seconds apart',
    { width: 320, height: 180, frameRate: 25, keyFrameIntervalSec: 10 },
    { width: 320, height: 180 },
  ],
];

/** What encoders send in the wild reaches the viewer, the recording and another platform. */
describe('sources of all kinds', () => {
  let elsewhere: RestreamPlace | undefined;
  // Hooks run in their order: this one needs the stack.
  afterAll(() => elsewhere?.close());
  const used = useStack({ env: { RESTREAM_ALLOW_PRIVATE: 'true' } });
  beforeAll(async () => {
    elsewhere = await RestreamPlace.start(await used.stack.broadcaster());
  });

  it.each(cases)(
    '%s',
    async (_name, pattern, picture) => {
      elsewhere?.reset();
      used.publish(pattern);
      const session = await used.stack.waitForLive();
      await waitForNewerSegment(session.playback.hlsUrl, 2);
      const kinds = [pattern.video !== false, pattern.audio !== false];
      const sent = (): boolean[] => {
        const { pictures = 0, sounds = 0 } = elsewhere?.sent ?? {};
        return [pictures > 20, sounds > 20];
      };
      await waitFor('what goes elsewhere', () => kinds.every((has, at) => !has || sent()[at] === true));
      expect(sent()).toEqual(kinds);
      const api = await used.stack.broadcaster();
      await api.sessions.end({ id: session.id });
      await used.stack.waitForState(session.id, 'ended');
      const report = await checkMedia(session.playback.hlsUrl);
      expect(report.decodeErrors).toEqual([]);
      expect(report.durationSec).toBeGreaterThan(5);
      const video = report.streams.filter(({ type }) => type === 'video');
      expect(video.map(({ width, height }) => ({ width, height }))).toEqual(
        pattern.video === false ? [] : [picture],
      );
      expect(report.streams.some(({ type }) => type === 'audio')).toBe(true);
      expect(report.maxVolumeDb > -20).toBe(pattern.audio !== false);
      expect(report.blackSec + report.frozenSec).toBeLessThan(0.5);
      expect(await mediaPlaylistUrls(session.playback.hlsUrl)).toHaveLength(pattern.video === false ? 1 : 2);
    },
    90_000,
  );
});
