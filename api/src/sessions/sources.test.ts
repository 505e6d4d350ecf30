import fc from 'fast-check';
import { nextState, type SessionState } from '@maydan/contracts';
import {
  isAwaitingTakeover,
  sourceLost,
  sourcePublished,
  sourceUnpublished,
  takeoverFailed,
  type SourceChange,
  type SourceRow,
} from './sources.ts';

const fresh: SourceRow = {
  state: 'idle',
  epoch: 0,
  sourceEpoch: 0,
  sourceKind: 'rtmp',
  relayUrl: null,
  rtmpEpoch: 0,
  rtmpRelayUrl: null,
  stageEpoch: 0,
  stageRelayUrl: null,
  goneEpoch: 0,
  dropRtmpBelow: 0,
};

/** A session as the repository leads it, by value. */
class Line {
  row: SourceRow;

  constructor(row: Partial<SourceRow> = {}) {
    this.row = { ...fresh, ...row };
  }

  apply(change: SourceChange | null): boolean {
    if (change === null) return false;
    const state: SessionState | null =
      change.event === null ? this.row.state : nextState(this.row.state, change.event);
    if (state === null) return false;
    this.row = { ...this.row, ...change.data, state };
    return true;
  }

  authorizeRtmp(): number {
    const epoch = this.row.epoch + 1;
    this.row = { ...this.row, epoch, dropRtmpBelow: epoch };
    return epoch;
  }

  authorizeWhip(): void {
    this.row = { ...this.row, dropRtmpBelow: this.row.epoch + 1 };
  }

  authorizeStage(): number {
    this.row = { ...this.row, epoch: this.row.epoch + 1 };
    return this.row.epoch;
  }

  published(sourceKind: 'rtmp' | 'stage', epoch: number): boolean {
    return this.apply(sourcePublished(this.row, { sourceKind, epoch, relayUrl: url(epoch) }));
  }

  unpublished(epoch: number): boolean {
    return this.apply(sourceUnpublished(this.row, epoch));
  }

  lost(epoch: number): boolean {
    return this.apply(sourceLost(this.row, epoch));
  }

  get source(): string {
    const { state, sourceKind, sourceEpoch, relayUrl } = this.row;
    return relayUrl === null ? state : `${state} ${sourceKind} ${sourceEpoch} ${relayUrl}`;
  }
}

const url = (epoch: number): string => `http://relay/${epoch}`;

/** RTMP as epoch 1 and the stage as epoch 2, both on the line. */
function both(): Line {
  const line = new Line();
  line.published('rtmp', line.authorizeRtmp());
  line.published('stage', line.authorizeStage());
  return line;
}

describe('the source of a session', () => {
  it('is the RTMP publisher alone, and the newest of them', () => {
    const line = new Line();
    expect(line.published('rtmp', line.authorizeRtmp())).toBe(true);
    expect(line.source).toBe('starting rtmp 1 http://relay/1');
    line.authorizeRtmp();
    expect([line.unpublished(1), line.row.rtmpRelayUrl]).toEqual([true, null]);
    expect(line.source).toBe('starting rtmp 1 http://relay/1');
    line.published('rtmp', 2);
    expect(line.source).toBe('starting rtmp 2 http://relay/2');
    expect([line.published('rtmp', 1), line.published('rtmp', 2), line.unpublished(1)]).toEqual([
      false,
      false,
      true,
    ]);
    expect(line.source).toBe('starting rtmp 2 http://relay/2');
    line.unpublished(2);
    expect(line.source).toBe('interrupted');
  });

  it('is the stage once it is there, while the RTMP publisher stays on the line', () => {
    const line = both();
    expect(line.source).toBe('starting stage 2 http://relay/2');
    expect(line.row).toMatchObject({ rtmpRelayUrl: url(1), rtmpEpoch: 1, dropRtmpBelow: 1 });
  });

  it('stays the stage when the RTMP publisher goes, comes back and is replaced', () => {
    const line = both();
    line.unpublished(1);
    expect([line.source, line.row.rtmpRelayUrl]).toEqual(['starting stage 2 http://relay/2', null]);
    line.published('rtmp', line.authorizeRtmp());
    line.published('rtmp', line.authorizeRtmp());
    expect([line.source, line.row.rtmpRelayUrl]).toEqual(['starting stage 2 http://relay/2', url(4)]);
    line.unpublished(3);
    expect(line.row.rtmpRelayUrl).toBe(url(4));
  });

  it('is the RTMP publisher again when the stage ends, under a new epoch', () => {
    const line = both();
    line.unpublished(2);
    expect(line.source).toBe('starting rtmp 3 http://relay/1');
    expect(line.row.epoch).toBe(3);
    expect(line.unpublished(2)).toBe(false);
    line.unpublished(1);
    expect(line.source).toBe('interrupted');
  });

  it('is not an RTMP publisher that is being dropped', () => {
    const line = both();
    line.authorizeWhip();
    line.unpublished(2);
    expect(line.source).toBe('interrupted');
    line.unpublished(1);
    expect([line.source, line.row.rtmpRelayUrl]).toEqual(['interrupted', null]);
  });

  it('gets a fresh epoch when the stage was permitted before a newer source came', () => {
    const line = new Line();
    const stage = line.authorizeStage();
    line.published('rtmp', line.authorizeRtmp());
    expect(line.source).toBe('starting rtmp 2 http://relay/2');
    line.published('stage', stage);
    expect(line.source).toBe('starting stage 3 http://relay/1');
    line.unpublished(stage);
    expect(line.source).toBe('starting rtmp 4 http://relay/2');
  });

  it('is replaced by the next composite without a gap', () => {
    const line = both();
    line.published('stage', line.authorizeStage());
    expect(line.source).toBe('starting stage 3 http://relay/3');
    expect([line.unpublished(2), line.source]).toEqual([true, 'starting stage 3 http://relay/3']);
    expect(line.published('stage', 2)).toBe(false);
  });

  it('waits while WHIP takes over from RTMP, and is given up when nothing comes', () => {
    const line = new Line();
    line.published('rtmp', line.authorizeRtmp());
    expect([isAwaitingTakeover(line.row), takeoverFailed(line.row)]).toEqual([false, null]);
    line.authorizeWhip();
    line.unpublished(1);
    expect([line.source, isAwaitingTakeover(line.row)]).toEqual(['starting rtmp 1 http://relay/1', true]);
    const other = new Line(line.row);
    line.published('stage', line.authorizeStage());
    expect([line.source, isAwaitingTakeover(line.row)]).toEqual(['starting stage 2 http://relay/2', false]);
    other.apply(takeoverFailed(other.row));
    expect([other.source, other.row.rtmpRelayUrl]).toEqual(['interrupted', null]);
  });

  it('lets RTMP take over from WHIP', () => {
    const line = new Line();
    line.authorizeWhip();
    line.published('stage', line.authorizeStage());
    const epoch = line.authorizeRtmp();
    expect(line.published('rtmp', epoch)).toBe(true);
    expect(line.source).toBe('starting stage 1 http://relay/1');
    line.unpublished(1);
    expect(line.source).toBe('starting rtmp 2 http://relay/2');
  });

  it('that the worker lost is given up, if it still is the source', () => {
    const line = both();
    expect(line.lost(1)).toBe(false);
    line.lost(2);
    expect(line.source).toBe('starting rtmp 3 http://relay/1');
    line.lost(3);
    expect([line.source, line.row.rtmpRelayUrl]).toEqual(['interrupted', null]);
    expect(line.lost(3)).toBe(false);
    const pending = new Line();
    pending.published('rtmp', pending.authorizeRtmp());
    pending.authorizeRtmp();
    expect(pending.lost(1)).toBe(false);
  });

  it('does not begin with a publish whose end was told first', () => {
    const line = new Line();
    const epoch = line.authorizeRtmp();
    line.unpublished(epoch);
    expect([line.published('rtmp', epoch), line.source]).toEqual([false, 'idle']);
    line.published('rtmp', line.authorizeRtmp());
    expect(line.source).toBe('starting rtmp 2 http://relay/2');
  });

  it.each(['ending', 'ended', 'failed'] as const)('is nothing any more when %s', (state) => {
    const line = new Line({ state, epoch: 2 });
    expect([line.published('rtmp', 2), line.published('stage', 2), line.source]).toEqual([
      false,
      false,
      state,
    ]);
  });

  it('does not depend on how often and in which order the facts of RTMP and stage come', () => {
    const facts = [
      (line: Line) => line.published('rtmp', 1),
      (line: Line) => line.unpublished(1),
      (line: Line) => line.published('stage', 2),
      (line: Line) => line.published('rtmp', 3),
    ];
    const order = fc.shuffledSubarray([0, 1, 2, 3, 0, 1, 2, 3], { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(order, (indexes) => {
        const line = new Line({ epoch: 3, dropRtmpBelow: 3 });
        for (const index of indexes) facts[index]?.(line);
        const { state, sourceKind, relayUrl, rtmpRelayUrl } = line.row;
        expect({ state, sourceKind, relayUrl, rtmpRelayUrl }).toEqual({
          state: 'starting',
          sourceKind: 'stage',
          relayUrl: url(2),
          rtmpRelayUrl: url(3),
        });
      }),
    );
  });
});
