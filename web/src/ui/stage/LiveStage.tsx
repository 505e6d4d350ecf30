import type { Session } from '@maydan/contracts';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { account, useAccount } from '../../account/useAccount.ts';
import type { FallbackReason } from '../../stage/fallback.ts';
import { useLocalMedia } from '../../stage/useStageClient.ts';
import { ModeSwitch } from './ModeSwitch.tsx';
import type { WatchMode } from './ModeSwitch.tsx';
import { OnStageView } from './OnStageView.tsx';
import { RealTimeView } from './RealTimeView.tsx';
import { SeatBar } from './SeatBar.tsx';

const modeOf = (search: string): WatchMode =>
  new URLSearchParams(search).get('mode') === 'realtime' ? 'realtime' : 'hls';
const webRtcOffered = typeof RTCPeerConnection === 'function';

interface LiveStageProps {
  readonly session: Session;
  /** There is no stage any more: only the ordinary player stays. */
  readonly over: boolean;
  /** The ordinary player, or what stands in its place. */
  readonly children: ReactNode;
}

/** A session on air: the ordinary player or real time, and the way to the stage. */
export function LiveStage({ session, over, children }: LiveStageProps) {
  const { t } = useTranslation();
  const view = useAccount();
  const [mode, setMode] = useState<WatchMode>(() => (webRtcOffered ? modeOf(location.search) : 'hls'));
  const [part, setPart] = useState<'watching' | 'preparing' | 'onStage'>('watching');
  const [notice, setNotice] = useState('');
  const local = useLocalMedia(part !== 'watching' && !over);

  const choose = (chosen: WatchMode): void => {
    setNotice('');
    setMode(chosen);
  };
  const fallBack = (reason: FallbackReason): void => {
    setMode('hls');
    if (reason !== 'over') setNotice(t(`room.fallback.${reason}`));
  };
  const leave = (): void => {
    setPart('watching');
    // The seat is given back; if the api can't be reached now, the sfu tells it that the person is gone.
    void account.call((api) => api.stage.leave({ id: session.id })).catch(() => undefined);
  };
  const onStage = !over && part === 'onStage' && local !== null && view.status === 'signedIn';
  const watching = !onStage;
  const standard = over || mode === 'hls';
  return (
    <>
      {onStage && (
        <OnStageView
          session={session}
          user={view.user}
          local={local}
          onLeave={leave}
          onOut={(reason) => {
            setPart('watching');
            setNotice(t(`room.closed.${reason}`));
          }}
        />
      )}
      {watching && !standard && <RealTimeView session={session} onFallback={fallBack} />}
      {watching && standard && children}
      {watching && !over && webRtcOffered && (
        <div className="live-bar">
          <ModeSwitch mode={mode} onMode={choose} />
          <SeatBar
            session={session}
            local={local}
            onPrepare={() => setPart('preparing')}
            onGoOnStage={() => {
              setNotice('');
              setPart('onStage');
            }}
          />
        </div>
      )}
      <p role="status" className={notice ? 'live-notice' : 'sr-only'} data-testid="live-notice">
        {notice}
      </p>
    </>
  );
}
