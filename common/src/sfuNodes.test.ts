import type { SfuNode } from '@maydan/contracts';
import { pickSfuNode } from './sfuNodes.ts';

const node = (nodeId: string, load: number, rooms: string[] = []): SfuNode => ({
  nodeId,
  publicUrl: null,
  publicPort: 8082,
  internalUrl: 'http://127.0.0.1:8082',
  load,
  rooms,
});

describe('pickSfuNode', () => {
  it('keeps a room together while its node has space', () => {
    const nodes = [node('a', 0.1), node('b', 0.5, ['s1'])];
    expect(pickSfuNode(nodes, 's1')?.nodeId).toBe('b');
    expect(pickSfuNode(nodes, 's2')?.nodeId).toBe('a');
  });

  it('spreads a room whose node is full, and takes a full node when there is no other', () => {
    expect(pickSfuNode([node('a', 0.1), node('b', 0.95, ['s1'])], 's1')?.nodeId).toBe('a');
    expect(pickSfuNode([node('b', 1.2, ['s1'])], 's1')?.nodeId).toBe('b');
    expect(pickSfuNode([], 's1')).toBeUndefined();
  });
});
