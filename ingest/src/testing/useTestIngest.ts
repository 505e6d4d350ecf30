import type { EmbeddedRedis } from '@maydan/infra';
import { startTestRedis, TestIngest } from './TestIngest.ts';

type Settings = Readonly<Record<string, string>>;

export interface TestIngestUse {
  /** How long one ingest is used; each test has its own unless told otherwise. The Redis is the file's. */
  readonly lives?: 'oneTest' | 'allTests';
  /** Settings of every ingest that is started here; asked for after the file's own earlier `beforeAll`. */
  readonly env?: () => Settings | Promise<Settings>;
}

export interface TestIngestInUse {
  /** There only within tests. */
  readonly ingest: TestIngest;
  /** One more with other settings, closed after the test at the latest. */
  start(env: Settings): Promise<TestIngest>;
}

/** Gives a test file an ingest with a real Redis: started before its tests, closed after them, also when they fail. */
export function useTestIngest({ lives = 'oneTest', env = () => ({}) }: TestIngestUse = {}): TestIngestInUse {
  let redis: EmbeddedRedis | undefined;
  let ingest: TestIngest | undefined;
  const others: TestIngest[] = [];
  const start = async (more: Settings = {}): Promise<TestIngest> => {
    if (redis === undefined) throw new Error('ingest is there only within tests');
    return TestIngest.start(redis.url, { ...(await env()), ...more });
  };
  const begin = async (): Promise<void> => {
    ingest = await start();
  };
  const end = async (): Promise<void> => {
    await ingest?.close();
    ingest = undefined;
  };
  beforeAll(async () => {
    redis = await startTestRedis();
    if (lives === 'allTests') await begin();
  });
  if (lives === 'oneTest') beforeEach(begin);
  afterEach(async () => {
    await Promise.all(others.splice(0).map((other) => other.close()));
    if (lives === 'oneTest') await end();
  });
  afterAll(async () => {
    await end();
    await redis?.close();
  });
  return {
    get ingest() {
      if (ingest === undefined) throw new Error('ingest is there only within tests');
      return ingest;
    },
    async start(more) {
      const other = await start(more);
      others.push(other);
      return other;
    },
  };
}
