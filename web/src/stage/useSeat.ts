import { seat as seatSchema } from '@maydan/contracts';
import type { Seat } from '@maydan/contracts';
import { useCallback, useEffect, useState } from 'react';
import { account } from '../account/useAccount.ts';
import { problemOf } from '../api/problem.ts';
import type { ApiProblem } from '../api/problem.ts';
import { followStage } from '../api/sessionSocket.ts';
import { usePolled } from '../api/usePolled.ts';
import type { Polled } from '../api/usePolled.ts';

/** A lost message is made good this late. */
const checkMs = 30_000;

/** One's own seat in a session, kept up to date; null without one. */
export function useMySeat(sessionId: string, userId: string): Polled<Seat | null> {
  const load = async (): Promise<Seat | null> => {
    const { mine } = await account.call((api) => api.stage.get({ id: sessionId }));
    return mine === null ? null : seatSchema.parse(mine);
  };
  const polled = usePolled(`seat:${sessionId}:${userId}`, load, checkMs);
  const { refresh } = polled;
  useRefresh(sessionId, refresh, (seat) => seat?.user.id === userId);
  return polled;
}

/** All open seats of a session, for its host. */
export function useSeats(sessionId: string): Polled<readonly Seat[]> {
  const load = async (): Promise<readonly Seat[]> => {
    const { items } = await account.call((api) => api.stage.seats({ id: sessionId }));
    return items.map((item) => seatSchema.parse(item));
  };
  const polled = usePolled(`seats:${sessionId}`, load, checkMs);
  const { refresh } = polled;
  useRefresh(sessionId, refresh, () => true);
  return polled;
}

/** Asks again when the socket tells of a seat that matters; with null when the socket is back. */
function useRefresh(sessionId: string, refresh: () => void, matters: (seat: Seat | null) => boolean): void {
  useEffect(
    () =>
      followStage(sessionId, {
        stageChanged: () => matters(null) && refresh(),
        seatChanged: (seat) => matters(seat) && refresh(),
        connected: refresh,
      }),
    // `refresh` and `matters` read what belongs to the session alone, so the first ones serve as well as later ones.
    [sessionId],
  );
}

export interface Action {
  readonly busy: boolean;
  readonly problem: ApiProblem | null;
  /** Runs one request at a time; false when it failed, and why then stands in `problem`. */
  readonly run: (work: () => Promise<unknown>) => Promise<boolean>;
}

/** For buttons that ask the api for something. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const run = useCallback(async (work: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
      return true;
    } catch (error) {
      setProblem(problemOf(error));
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  return { busy, problem, run };
}
