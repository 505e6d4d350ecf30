import type { Publisher } from './publish/Publisher.ts';
import type { TestPattern } from './publish/testPattern.ts';
import { TestStack, type TestStackOptions } from './TestStack.ts';

export interface StackInUse {
  /** The stack of this test file; there only within its tests. */
  readonly stack: TestStack;
  /** Publishes; stopped by `publishersEnd` at the latest. */
  publish(pattern: TestPattern, options?: Parameters<TestStack['publish']>[1]): Publisher;
  /** Any other ffmpeg that has to end with them. */
  own(publisher: Publisher): Publisher;
}

export interface StackUse extends TestStackOptions {
  /** When publishers are stopped at the latest; after each test unless told otherwise. */
  readonly publishersEnd?: 'afterEach' | 'afterAll';
}

/** Gives a `describe` a stack of its own: started before its tests, closed after them, also when they fail. */
export function useStack({ publishersEnd = 'afterEach', ...options }: StackUse = {}): StackInUse {
  let stack: TestStack | undefined;
  const running: Publisher[] = [];
  beforeAll(async () => {
    stack = await TestStack.start(options);
  }, 180_000);
  const stopPublishers = async (): Promise<void> => {
    await Promise.all(running.splice(0).map((publisher) => publisher.stop()));
  };
  if (publishersEnd === 'afterEach') afterEach(stopPublishers, 60_000);
  afterAll(async () => {
    await stopPublishers();
    await stack?.close();
  }, 60_000);
  const own = (publisher: Publisher): Publisher => {
    running.push(publisher);
    return publisher;
  };
  return {
    get stack() {
      if (stack === undefined) throw new Error('the stack is there only within tests');
      return stack;
    },
    own,
    publish(pattern, publishOptions) {
      return own(this.stack.publish(pattern, publishOptions));
    },
  };
}
