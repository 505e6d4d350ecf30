import { SourceLoss } from './SourceLoss.ts';

const ended = { reason: 'ended', detail: 'closed' } as const;

describe('SourceLoss', () => {
  const told: string[] = [];
  const make = () => {
    told.length = 0;
    return new SourceLoss((epoch, reason) => told.push(`${epoch} ${reason}`));
  };

  it('tells a loss once, after some quiet tries', () => {
    const loss = make();
    expect([0, 1_000, 2_000].map((atMs) => loss.happened(1, ended, atMs))).toEqual([200, 400, 600]);
    expect(told).toEqual([]);
    loss.happened(1, ended, 3_000);
    loss.happened(1, ended, 60_000);
    expect(told).toEqual(['1 ended: closed']);
    expect(loss.happened(1, ended, 61_000)).toBe(1_000);
  });

  it('tells at once of a source that stalled', () => {
    make().happened(2, { reason: 'stalled', detail: 'no byte for 5 s' }, 0);
    expect(told).toEqual(['2 stalled: no byte for 5 s']);
  });

  it('begins anew when the source plays again and with the next source', () => {
    const loss = make();
    loss.happened(1, ended, 0);
    expect(loss.over()).toBe(false);
    loss.happened(1, ended, 5_000);
    expect(told).toEqual([]);
    loss.happened(1, ended, 8_000);
    expect(loss.over()).toBe(true);
    expect(loss.over()).toBe(false);
    loss.happened(2, ended, 20_000);
    expect(told).toHaveLength(1);
  });
});
