import type { SessionType } from '@maydan/contracts';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { StageClient } from '../../stage/StageClient.ts';
import { audioOf, placesOf, tilesOf } from '../../stage/tiles.ts';
import type { Self, Tile } from '../../stage/tiles.ts';
import { useStageState } from '../../stage/useStageClient.ts';
import { Notice } from '../Notice.tsx';
import { SoundIcon } from '../icons.tsx';
import { PersonTile, ProducerAudio } from './PersonTile.tsx';
import { StageStatus } from './StageStatus.tsx';

interface StageViewProps {
  readonly client: StageClient | null;
  readonly type: SessionType;
  /** Oneself, when one is on stage. */
  readonly self: Self | null;
  /** Controls of the host for a person, null for none. */
  readonly actions?: (tile: Tile) => ReactNode;
  readonly children?: ReactNode;
}

/** The people on stage as WebRTC brings them: pictures in a grid, their sound, and who speaks. */
export function StageView({ client, type, self, actions, children }: StageViewProps) {
  const { t } = useTranslation();
  const state = useStageState(client);
  const tiles = tilesOf(state, self);
  const { grid, names } = placesOf(tiles);
  const sharing = tiles.some(({ kind }) => kind === 'screen');
  return (
    <section
      className="stage"
      aria-label={t('room.label')}
      data-testid="stage"
      data-connection={state.connection}
      data-type={type}
      data-ice={state.ice.receive ?? state.ice.send ?? undefined}
    >
      {tiles.length === 0 ? (
        <div className="stage-empty">
          <Notice
            title={state.connection === 'connected' ? t('room.empty') : t('room.connecting')}
            busy={state.connection !== 'connected'}
            testId="stage-waiting"
          />
        </div>
      ) : (
        <>
          <ul className="tiles" data-count={grid.length} data-sharing={sharing || undefined}>
            {grid.map((tile) => (
              <PersonTile key={tile.key} tile={tile} client={client} actions={actions?.(tile)} />
            ))}
          </ul>
          {names.length > 0 && (
            <ul className="names" aria-label={t('room.others')} data-testid="names">
              {names.map((tile) => (
                <PersonTile key={tile.key} tile={tile} client={client} actions={actions?.(tile)} />
              ))}
            </ul>
          )}
        </>
      )}
      {client &&
        audioOf(state).map(({ producerId }) => (
          <ProducerAudio key={producerId} client={client} producerId={producerId} />
        ))}
      {client && state.soundBlocked && (
        <button
          type="button"
          className="unmute"
          data-testid="stage-unmute"
          onClick={() => void client.playSound()}
        >
          <SoundIcon />
          {t('player.tapToUnmute')}
        </button>
      )}
      <StageStatus state={state} />
      {children}
    </section>
  );
}
