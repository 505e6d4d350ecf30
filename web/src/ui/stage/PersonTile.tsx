import { useCallback } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { StageClient } from '../../stage/StageClient.ts';
import type { Tile } from '../../stage/tiles.ts';
import { initialsOf } from '../initialOf.ts';
import { MicrophoneOffIcon } from '../icons.tsx';
import { NetworkBars } from './NetworkBars.tsx';

interface TileProps {
  readonly tile: Tile;
  readonly client: StageClient | null;
  /** What the host may do with this person. */
  readonly actions?: ReactNode;
}

/** One person, or one shared screen: the picture or the initials, the name, and how they are doing. */
export function PersonTile({ tile, client, actions }: TileProps) {
  const { t } = useTranslation();
  const { name, microphone, speaking, kind, own } = tile;
  const shown = kind === 'screen' ? t('room.screenOf', { name }) : name;
  const muted = microphone === 'muted' || microphone === 'mutedByHost';
  return (
    <li
      className="tile"
      data-testid="tile"
      data-kind={kind}
      data-own={own || undefined}
      data-peer={tile.peerId}
      data-user={tile.userId}
      data-speaking={(speaking && kind === 'person') || undefined}
      data-muted={muted || undefined}
      data-video={tile.video !== null || undefined}
    >
      <TileMedia tile={tile} client={client} />
      <div className="tile-bar">
        {kind === 'person' && muted && (
          <span className="tile-muted" data-testid="tile-muted">
            <MicrophoneOffIcon />
            <span className="sr-only">
              {microphone === 'mutedByHost' ? t('room.mutedByHost') : t('room.muted')}
            </span>
          </span>
        )}
        <bdi className="tile-name">{shown}</bdi>
        {own && <span className="tile-own">{t('room.you')}</span>}
        {speaking && kind === 'person' && <span className="sr-only">{t('room.speaking')}</span>}
        {kind === 'person' && <NetworkBars score={tile.network} />}
      </div>
      {actions}
    </li>
  );
}

function TileMedia({ tile, client }: Pick<TileProps, 'tile' | 'client'>) {
  const { video, name, own, kind } = tile;
  if (video?.from === 'track')
    return <TrackVideo track={video.track} name={name} mirrored={kind === 'person'} />;
  if (video?.from === 'producer' && client) {
    return <ProducerVideo client={client} producerId={video.producerId} name={name} />;
  }
  return (
    <span className="tile-avatar" aria-hidden="true" data-own={own || undefined}>
      {initialsOf(name)}
    </span>
  );
}

interface ProducerProps {
  readonly client: StageClient;
  readonly producerId: string;
}

function ProducerVideo({ client, producerId, name }: ProducerProps & { readonly name: string }) {
  const ref = useCallback(
    (element: HTMLVideoElement) => client.attach(producerId, element),
    [client, producerId],
  );
  return (
    <video
      ref={ref}
      className="tile-video"
      muted
      playsInline
      autoPlay
      aria-label={name}
      data-testid="tile-video"
      data-producer={producerId}
    />
  );
}

interface TrackProps {
  readonly track: MediaStreamTrack;
  readonly name: string;
  /** A camera that shows oneself is a mirror; others see it the right way round. */
  readonly mirrored: boolean;
}

/** A track of this device, silent: nobody wants to hear themselves. */
export function TrackVideo({ track, name, mirrored }: TrackProps) {
  const ref = useCallback(
    (element: HTMLVideoElement) => {
      element.srcObject = new MediaStream([track]);
      return () => {
        element.srcObject = null;
      };
    },
    [track],
  );
  return (
    <video
      ref={ref}
      className="tile-video"
      data-mirrored={mirrored || undefined}
      muted
      playsInline
      autoPlay
      aria-label={name}
      data-testid="own-video"
    />
  );
}

/** Plays one producer's sound; it has no picture of its own. */
export function ProducerAudio({ client, producerId }: ProducerProps) {
  const ref = useCallback(
    (element: HTMLAudioElement) => client.attach(producerId, element),
    [client, producerId],
  );
  return <audio ref={ref} autoPlay data-testid="tile-audio" data-producer={producerId} />;
}
