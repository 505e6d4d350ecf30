import { WorkerStack } from './WorkerStack.ts';

export interface WorkerStackInUse {
  /** The stack of this test file; there only within its tests. */
  readonly stack: WorkerStack;
}

/**
 * Gives a `describe` a stack of its own: started before its tests, closed after them, also when they fail. After each
 * test its worker is killed and the relay is there again.
 */
export function useWorkerStack(): WorkerStackInUse {
  let stack: WorkerStack | undefined;
  beforeAll(async () => {
    stack = await WorkerStack.create();
  }, 60_000);
  afterEach(async () => {
    await stack?.stopWorker('SIGKILL');
    if (stack !== undefined) stack.relay.isGone = false;
  });
  afterAll(async () => {
    await stack?.close();
  }, 60_000);
  return {
    get stack() {
      if (stack === undefined) throw new Error('the stack is there only within tests');
      return stack;
    },
  };
}
