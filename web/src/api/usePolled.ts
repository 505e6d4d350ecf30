import { useEffect, useRef, useState } from 'react';
import type { ApiProblem } from './api.ts';
import { problemOf } from './api.ts';
import { Poller } from './poll.ts';

export interface Polled<T> {
  /** The last answer; it stays while later requests fail. */
  readonly data: T | null;
  /** Why the last request failed, null when it didn't. */
  readonly problem: ApiProblem | null;
  readonly refresh: () => void;
}

/** Asks for `load()` now and every `everyMs` while the page is visible. `key` names what is loaded. */
export function usePolled<T>(key: string, load: () => Promise<T>, everyMs: number): Polled<T> {
  const [answer, setAnswer] = useState<{ key: string; data: T | null; problem: ApiProblem | null } | null>(
    null,
  );
  const poller = useRef<Poller | null>(null);
  const latestLoad = useRef(load);
  latestLoad.current = load;

  useEffect(() => {
    let open = true;
    const run = async (): Promise<void> => {
      try {
        const data = await latestLoad.current();
        if (open) setAnswer({ key, data, problem: null });
      } catch (error) {
        const problem = problemOf(error);
        if (open) setAnswer((old) => ({ key, data: old?.key === key ? old.data : null, problem }));
      }
    };
    const created = new Poller(run, () => (document.hidden ? null : everyMs));
    poller.current = created;
    created.poke();
    const onVisible = (): void => {
      if (!document.hidden) created.poke();
    };
    document.addEventListener('visibilitychange', onVisible);
    return () => {
      open = false;
      created.stop();
      document.removeEventListener('visibilitychange', onVisible);
    };
  }, [key, everyMs]);

  const current = answer?.key === key ? answer : null;
  return {
    data: current?.data ?? null,
    problem: current?.problem ?? null,
    refresh: () => poller.current?.poke(),
  };
}
