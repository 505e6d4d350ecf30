import { controlDocument, type ControlDocument } from '@maydan/contracts';
import { forwardGoal } from './forwardGoal.ts';

const nowMs = Date.parse('2026-01-01T00:01:00.000Z');
const control = (change: Partial<ControlDocument>): ControlDocument =>
  controlDocument.parse({
    sessionId: '2f0c7c4e-6c0e-4d3a-9a52-0d6a3c6f8c11',
    playbackId: 'abcdefgh12345678',
    desired: 'run',
    stopReason: null,
    epoch: 2,
    source: null,
    rtmp: null,
    graceDeadlineAt: null,
    updatedAt: '2026-01-01T00:00:00.000Z',
    ...change,
  });

describe('what a forward does next', () => {
  it('brings the RTMP publisher in, whatever is shown', () => {
    const rtmp = { relayUrl: 'http://relay/2.flv', epoch: 2 };
    const source = { relayUrl: 'http://stage/3.flv', epoch: 3 };
    expect(forwardGoal(control({ rtmp, source }), nowMs, 0)).toEqual({ type: 'forward', ...rtmp });
  });

  it('keeps its place while the publisher may return, and gives it up after', () => {
    expect(forwardGoal(control({ graceDeadlineAt: '2026-01-01T00:01:10.000Z' }), nowMs, 0).type).toBe('hold');
    expect(forwardGoal(control({ graceDeadlineAt: '2026-01-01T00:00:50.000Z' }), nowMs, 0).type).toBe('rest');
    expect(forwardGoal(control({}), nowMs, 0).type).toBe('rest');
  });

  it('ends with the session, and when it has none', () => {
    const rtmp = { relayUrl: 'http://relay/2.flv', epoch: 2 };
    expect(forwardGoal(control({ desired: 'stop', stopReason: 'hostEnded', rtmp }), nowMs, 0).type).toBe(
      'end',
    );
    expect(forwardGoal(null, nowMs, 1_000).type).toBe('rest');
    expect(forwardGoal(null, nowMs, 31_000).type).toBe('end');
  });
});
