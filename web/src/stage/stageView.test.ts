import { initialsOf } from '../ui/initialOf.ts';
import { fallbackOf, works } from './fallback.ts';
import { initialLocalMedia } from './LocalMedia.ts';
import { mediaProblemOf } from './mediaProblem.ts';
import { barsOf, meterShare } from './meters.ts';
import { changeOf } from './sendLocal.ts';
import { initialStage } from './stageState.ts';
import type { StageState } from './stageState.ts';
import { placesOf, tilesOf } from './tiles.ts';

const peerId = '00000000-0000-4000-8000-000000000002';
const camera = {
  producerId: 'camera',
  peerId,
  kind: 'video' as const,
  source: 'camera' as const,
  pausedBy: null,
  codec: 'video/VP8',
};
const microphone = { ...camera, producerId: 'mic', kind: 'audio' as const, source: 'microphone' as const };
const screen = { ...camera, producerId: 'screen', source: 'screen' as const };

const stage = (change: Partial<StageState>): StageState => ({
  ...initialStage,
  connection: 'connected',
  peerId: 'me',
  peers: [{ peerId, userId: null, displayName: 'Nour', role: 'cohost' }],
  ...change,
});

describe('tilesOf', () => {
  it('shows the picture, and initials while the camera is off', () => {
    expect(tilesOf(stage({ producers: [camera] }), null)[0]?.video).toEqual({
      from: 'producer',
      producerId: 'camera',
    });
    expect(tilesOf(stage({ producers: [{ ...camera, pausedBy: 'owner' }] }), null)[0]?.video).toBeNull();
    expect(tilesOf(stage({}), null)[0]).toMatchObject({ video: null, microphone: null, name: 'Nour' });
  });

  it('puts shared screens first', () => {
    const tiles = tilesOf(stage({ producers: [camera, microphone, screen] }), null);
    expect(tiles.map(({ kind }) => kind)).toEqual(['screen', 'person']);
  });

  it('tells muted from muted by the host', () => {
    const of = (pausedBy: 'owner' | 'host' | null) =>
      tilesOf(stage({ producers: [{ ...microphone, pausedBy }] }), null)[0]?.microphone;
    expect([of(null), of('owner'), of('host')]).toEqual(['on', 'muted', 'mutedByHost']);
  });

  it('shows who speaks: the active speaker, and everybody who is loud', () => {
    const speaking = (change: Partial<StageState>) => tilesOf(stage(change), null)[0]?.speaking;
    expect(speaking({})).toBe(false);
    expect(speaking({ speaker: peerId })).toBe(true);
    expect(speaking({ levels: { [peerId]: -30 } })).toBe(true);
    expect(speaking({ levels: { [peerId]: -80 } })).toBe(false);
  });

  it('shows oneself last, without a picture while the camera is off', () => {
    const self = { userId: null, name: 'Me', local: initialLocalMedia };
    const tiles = tilesOf(stage({}), self);
    expect(tiles.at(-1)).toMatchObject({ own: true, video: null, name: 'Me', peerId: 'me' });
  });
});

describe('placesOf', () => {
  const idOf = (at: number): string => `00000000-0000-4000-8000-0000000001${String(at).padStart(2, '0')}`;
  const crowd = (count: number, filming: readonly number[], sharing: readonly number[] = []): StageState =>
    stage({
      peers: Array.from({ length: count }, (_, at) => ({
        ...{ peerId: idOf(at), userId: null, displayName: `P${at}`, role: 'cohost' as const },
      })),
      producers: [
        ...filming.map((at) => ({ ...camera, producerId: `camera${at}`, peerId: idOf(at) })),
        ...sharing.map((at) => ({ ...screen, producerId: `screen${at}`, peerId: idOf(at) })),
      ],
    });

  it('leaves up to nine people in the grid', () => {
    const { grid, names } = placesOf(tilesOf(crowd(9, [], [3]), null));
    expect([grid.length, names.length]).toEqual([10, 0]);
  });

  it('puts of twenty those without a picture below, each of them once, and nobody with one', () => {
    const tiles = tilesOf(crowd(20, [2, 12, 19], [5]), null);
    const { grid, names } = placesOf(tiles);
    expect(grid.filter(({ kind }) => kind === 'screen')).toHaveLength(1);
    expect(grid.filter(({ kind }) => kind === 'person').map(({ name }) => name)).toEqual([
      'P0',
      'P1',
      'P2',
      'P3',
      'P4',
      'P5',
      'P6',
      'P12',
      'P19',
    ]);
    expect(names).toHaveLength(11);
    expect(new Set([...grid, ...names].map(({ key }) => key)).size).toBe(tiles.length);
  });

  it('lets nobody with a picture become a name', () => {
    const everybody = Array.from({ length: 11 }, (_, at) => at);
    const { grid, names } = placesOf(tilesOf(crowd(12, everybody), null));
    expect(grid).toHaveLength(11);
    expect(names.map(({ name }) => name)).toEqual(['P11']);
  });
});

describe('fallbackOf', () => {
  const receiving = stage({
    ice: { send: null, receive: 'connected' },
    producers: [camera],
    received: { camera: { consumerId: 'c', layers: null } },
  });

  it('leaves alone what works, and what may still come', () => {
    expect(works(receiving)).toBe(true);
    expect(fallbackOf(receiving, 60_000)).toBeNull();
    expect(fallbackOf({ ...receiving, connection: 'reconnecting' }, 5_000)).toBeNull();
    expect(fallbackOf(stage({}), 5_000)).toBeNull();
  });

  it('gives up on what can not be reached, on an empty room, and when it is told so', () => {
    const noIce: StageState = { ...receiving, ice: { send: null, receive: 'connecting' } };
    expect(fallbackOf(noIce, 9_000)).toBe('unreachable');
    expect(fallbackOf({ ...receiving, connection: 'reconnecting' }, 9_000)).toBe('unreachable');
    expect(fallbackOf(stage({}), 13_000)).toBe('empty');
    expect(fallbackOf({ ...initialStage, connection: 'closed', closeReason: 'refused' }, 0)).toBe(
      'unreachable',
    );
    expect(fallbackOf({ ...initialStage, connection: 'closed', closeReason: 'sessionEnded' }, 0)).toBe(
      'over',
    );
  });
});

describe('small parts of the stage', () => {
  it('tell the client what changed on this device', () => {
    const track = {} as MediaStreamTrack;
    const other = {} as MediaStreamTrack;
    const off = { track: null, on: false };
    expect(changeOf(off, off)).toBe('nothing');
    expect(changeOf(off, { track, on: true })).toBe('send');
    expect(changeOf({ track, on: true }, { track, on: false })).toBe('mute');
    expect(changeOf({ track, on: false }, { track, on: true })).toBe('unmute');
    expect(changeOf({ track, on: false }, { track: other, on: true })).toBe('send');
    expect(changeOf({ track, on: true }, off)).toBe('stop');
  });

  it('name what is wrong with a device, but a closed dialog is nothing wrong', () => {
    const named = (name: string): Error => Object.assign(new Error(name), { name });
    expect(mediaProblemOf('camera', named('NotAllowedError'))).toBe('denied');
    expect(mediaProblemOf('screen', named('NotAllowedError'))).toBeNull();
    expect(mediaProblemOf('microphone', named('NotFoundError'))).toBe('missing');
    expect(mediaProblemOf('microphone', 7)).toBe('other');
  });

  it('measure', () => {
    expect([10, 8, 5, 0].map(barsOf)).toEqual([4, 3, 2, 1]);
    expect([0, 1e-4, 0.5, 1].map((amplitude) => Math.round(meterShare(amplitude) * 100))).toEqual([
      0, 0, 100, 100,
    ]);
  });

  it('abbreviate names in any script', () => {
    expect(['Ada Lovelace', 'سلمى أحمد', 'x', ''].map(initialsOf)).toEqual(['AL', 'س', 'X', '']);
  });
});
