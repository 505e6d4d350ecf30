import type { BroadcastHealth } from '@maydan/contracts';
import { HealthFeed, type HealthListener } from './HealthFeed.ts';

const sessionId = '00000000-0000-4000-8000-000000000001';
const healthOf = (at: string): BroadcastHealth => ({
  sessionId,
  stream: null,
  stage: { sessionId, at, peers: [], composition: null, warnings: [] },
});
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A feed whose socket and REST the test plays; `seen` names what was shown. */
function open(how: { refused?: boolean } = {}) {
  let listener: HealthListener | undefined;
  const asked: string[] = [];
  const seen: (string | null)[] = [];
  const feed = new HealthFeed(
    {
      follow: (given) => {
        listener = given;
        return {
          subscribe: () => {
            asked.push('socket');
            if (how.refused === true) return Promise.reject(new Error('no'));
            return Promise.resolve({ health: healthOf('by socket'), renewAfterSec: 45 });
          },
          close: () => void asked.push('close'),
        };
      },
      fetch: () => {
        asked.push('rest');
        return Promise.resolve(healthOf('by rest'));
      },
      isHidden: () => false,
    },
    ({ stage }) => seen.push(stage.at),
  );
  feed.open();
  const connected = async (isThere: boolean): Promise<void> => {
    listener?.connectionChanged(isThere);
    await settle();
  };
  return { feed, asked, seen, connected, tell: (at: string) => listener?.told(healthOf(at)) };
}

describe('the health of a broadcast on the page', () => {
  it('is told by the socket as soon as there is one, and asked for by REST only without', async () => {
    const { feed, asked, seen, connected, tell } = open();
    await settle();
    expect(asked).toEqual(['rest']);
    await connected(true);
    tell('live');
    await connected(false);
    expect(asked).toEqual(['rest', 'socket', 'rest']);
    expect(seen).toEqual(['by rest', 'by socket', 'live', 'by rest']);
    feed.close();
    expect(asked.at(-1)).toBe('close');
  });

  it('is asked for by REST while the socket refuses', async () => {
    const { feed, asked, seen, connected } = open({ refused: true });
    await connected(true);
    expect(asked.slice(-2)).toEqual(['socket', 'rest']);
    expect(seen.at(-1)).toBe('by rest');
    feed.close();
  });
});
