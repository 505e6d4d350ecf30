import type { ControlDocument } from '@maydan/contracts';
import { goalOf, type SessionSituation } from './sessionGoal.ts';

const control = (change: Partial<ControlDocument> = {}): ControlDocument => ({
  sessionId: '2f0c7c4e-6c0e-4d3a-9a52-0d6a3c6f8c11',
  playbackId: 'abcdefgh12345678',
  desired: 'run',
  stopReason: null,
  epoch: 2,
  source: { relayUrl: 'http://relay/a.flv', epoch: 2 },
  rtmp: null,
  stageLayout: 'grid',
  dropRtmpBelow: 0,
  graceDeadlineAt: null,
  revision: 1,
  updatedAt: '2026-01-01T00:00:00.000Z',
  ...change,
});
const situation = (change: Partial<SessionSituation> = {}): SessionSituation => ({
  control: control(),
  uncontrolledMs: 0,
  failure: null,
  wasEnded: false,
  unplayableEpoch: 0,
  ...change,
});

describe('what a session does next', () => {
  it('plays the source it is given', () => {
    expect(goalOf(situation())).toEqual({ type: 'play', relayUrl: 'http://relay/a.flv', epoch: 2 });
  });
  it('waits while there is none, and for a better one than that which cannot be played', () => {
    expect(goalOf(situation({ control: control({ source: null }) }))).toEqual({ type: 'wait' });
    expect(goalOf(situation({ unplayableEpoch: 2 }))).toEqual({ type: 'wait' });
    expect(goalOf(situation({ unplayableEpoch: 1 })).type).toBe('play');
  });
  it('ends when told to, when it failed, and when it had ended before', () => {
    const stop = control({ desired: 'stop', stopReason: 'hostEnded' });
    expect(goalOf(situation({ control: stop }))).toEqual({ type: 'end', failure: null });
    expect(goalOf(situation({ failure: 'encoderFailed' }))).toEqual({
      type: 'end',
      failure: 'encoderFailed',
    });
    expect(goalOf(situation({ wasEnded: true }))).toEqual({ type: 'end', failure: null });
  });
  it('waits for its first document, not for ever', () => {
    expect(goalOf(situation({ control: null, uncontrolledMs: 1_000 }))).toEqual({ type: 'wait' });
    expect(goalOf(situation({ control: null, uncontrolledMs: 31_000 }))).toEqual({
      type: 'end',
      failure: 'neverStarted',
    });
  });
});
