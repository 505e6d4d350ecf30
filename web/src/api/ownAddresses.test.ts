import { sessionFixture } from '../testing/fixtures.ts';
import { withOwnAddresses } from './ownAddresses.ts';

const told = sessionFixture('https://s/hls/p1/index.m3u8', { title: 'new' });
const withPoster = { ...told, playback: { ...told.playback, posterUrl: 'https://s/hls/p1/poster.jpg' } };
const own = sessionFixture('https://s/hls/p1/~t0k.e-n/index.m3u8');

it('what all are told of a public session keeps the addresses of the viewer', () => {
  expect(withOwnAddresses(withPoster, own)).toEqual({
    ...told,
    playback: { ...own.playback, posterUrl: 'https://s/hls/p1/~t0k.e-n/poster.jpg' },
  });
  expect(withOwnAddresses(sessionFixture('https://s/hls/p1/~newer/index.m3u8'), own).playback).toEqual(
    own.playback,
  );
});

it('a private session, another one, or a page without addresses of its own takes what it is told', () => {
  const hidden = { ...told, visibility: 'private' as const };
  expect(withOwnAddresses(hidden, own)).toBe(hidden);
  const other = { ...told, playback: { ...told.playback, playbackId: 'testplayback0002' } };
  expect(withOwnAddresses(other, own)).toBe(other);
  expect(withOwnAddresses(withPoster, told)).toBe(withPoster);
});
