import { systemWarnings, type Seen } from './systemWarnings.ts';

const now = new Date('2026-01-02T00:00:00.000Z');
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000);
const node: Seen['nodes'][number] = {
  ...{ service: 'workers' as const, nodeId: 'w1', alive: true, load: 0.9, version: '1.0.0' },
  disk: { freeBytes: 20, totalBytes: 100 },
};
const counts = { waiting: 1, active: 5, delayed: 5, failed: 0 };
const queue = { queue: 'vod', counts, waitingSince: new Date(now.getTime() - 30_000).toISOString() } as const;
const well: Seen = {
  facts: { unread: 1_000, pending: 1_000 },
  queues: [queue],
  nodes: [node, { ...node, service: 'sfu', nodeId: 's1', load: null, disk: null }],
  books: { at: hoursAgo(47), problems: 0, drifted: 3 },
};
const warningsOf = (change: Partial<Seen>) => systemWarnings({ ...well, ...change }, now);
const plain = { node: null, queue: null };

it('an installation that does well has no warnings', () => {
  expect(warningsOf({})).toEqual([]);
  expect(warningsOf({ facts: null, queues: [], nodes: [], books: undefined })).toEqual([]);
});

it('books that do not balance, or that nobody looks at, are told', () => {
  const both = { at: hoursAgo(49), problems: 2, drifted: 0 };
  expect(warningsOf({ books: both })).toEqual([
    { ...plain, code: 'booksWrong', value: 2 },
    { ...plain, code: 'booksUnread', value: 49 },
  ]);
  expect(warningsOf({ books: null })).toEqual([{ ...plain, code: 'booksUnread', value: null }]);
});

it('facts and jobs that wait, and jobs that failed, are told', () => {
  expect(warningsOf({ facts: { unread: 3, pending: 1_001 } })).toEqual([
    { ...plain, code: 'factsWait', value: 1_001 },
  ]);
  const ill = { ...queue, counts: { ...counts, failed: 4 }, waitingSince: hoursAgo(1).toISOString() };
  expect(warningsOf({ queues: [queue, ill] })).toEqual([
    { code: 'jobsFailed', node: null, queue: 'vod', value: 4 },
    { code: 'jobsWait', node: null, queue: 'vod', value: 3_600 },
  ]);
  expect(warningsOf({ queues: [{ ...queue, waitingSince: null }] })).toEqual([]);
});

it('processes that are gone, full, short of disk, or of several versions are told', () => {
  const named = { service: 'workers', nodeId: 'w1' };
  // What is gone is told once, whatever it had.
  const gone = { ...node, alive: false, load: 1, version: '0.9.0' };
  expect(warningsOf({ nodes: [gone] })).toEqual([
    { code: 'processGone', node: named, queue: null, value: null },
  ]);
  const full = { ...node, load: 0.95, disk: { freeBytes: 9, totalBytes: 100 } };
  expect(warningsOf({ nodes: [full] })).toEqual([
    { code: 'processFull', node: named, queue: null, value: 0.95 },
    { code: 'diskLow', node: named, queue: null, value: 0.09 },
  ]);
  const two = [node, { ...node, nodeId: 'w2', version: '1.1.0' }];
  expect(warningsOf({ nodes: two })).toEqual([{ ...plain, code: 'versionsDiffer', value: 2 }]);
});
