import type { Session } from '@maydan/contracts';
import { useEffect, useRef } from 'react';
import { fallbackOf, works } from '../../stage/fallback.ts';
import type { FallbackReason } from '../../stage/fallback.ts';
import { useStageClient } from '../../stage/useStageClient.ts';
import { StageView } from './StageView.tsx';

interface RealTimeViewProps {
  readonly session: Session;
  /** Real time doesn't work (any more), and won't soon. */
  readonly onFallback: (reason: FallbackReason) => void;
}

const checkEveryMs = 500;

/** A viewer's picture by WebRTC; tells when the ordinary player has to take over. */
export function RealTimeView({ session, onFallback }: RealTimeViewProps) {
  const { client, failed } = useStageClient(session.id, 'viewer', null);
  const latest = useRef(onFallback);
  latest.current = onFallback;
  useEffect(() => {
    if (failed) latest.current('unreachable');
    if (!client) return;
    let workedAtMs = performance.now();
    const timer = setInterval(() => {
      const state = client.snapshot();
      const now = performance.now();
      if (works(state)) workedAtMs = now;
      const reason = fallbackOf(state, now - workedAtMs);
      if (reason) latest.current(reason);
    }, checkEveryMs);
    return () => clearInterval(timer);
  }, [client, failed]);
  return (
    <div className="player-frame" data-testid="realtime">
      <StageView client={client} type={session.type} self={null} />
    </div>
  );
}
