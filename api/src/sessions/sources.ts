import { nextState, type FactOf } from '@maydan/contracts';
import type { Session } from '@maydan/prisma';

/** What decides about the source of a session. */
export type SourceRow = Pick<
  Session,
  | 'state'
  | 'epoch'
  | 'sourceEpoch'
  | 'sourceKind'
  | 'relayUrl'
  | 'rtmpEpoch'
  | 'rtmpRelayUrl'
  | 'stageEpoch'
  | 'stageRelayUrl'
  | 'goneEpoch'
  | 'dropRtmpBelow'
>;

export interface SourceChange {
  readonly data: Partial<Omit<SourceRow, 'state'>>;
  /** What it is to the table of session states; null: the state stays as it is. */
  readonly event: 'published' | 'sourceGone' | null;
}

/** Nothing is on the line: what an end of the session writes. */
export const noSource = { relayUrl: null, rtmpRelayUrl: null, stageRelayUrl: null, graceDeadlineAt: null };

/**
 * A publish began. The stage is shown whenever it is there: an RTMP publisher beside it is only noted, since it is on the
 * stage through `live.forward`. Null when the publish is old, was taken over or is over, and when the session is.
 */
export function sourcePublished(
  row: SourceRow,
  publish: Pick<FactOf<'ingest.published'>, 'sourceKind' | 'epoch' | 'relayUrl'>,
): SourceChange | null {
  const { sourceKind, epoch, relayUrl } = publish;
  if (nextState(row.state, 'published') === null || epoch === row.goneEpoch) return null;
  if (sourceKind === 'stage') {
    if (epoch <= row.stageEpoch) return null;
    const line = { stageEpoch: epoch, stageRelayUrl: relayUrl };
    return { data: { ...line, ...chosen(row, publish) }, event: 'published' };
  }
  if (epoch <= row.rtmpEpoch || epoch < row.dropRtmpBelow) return null;
  const line = { rtmpEpoch: epoch, rtmpRelayUrl: relayUrl };
  if (row.stageRelayUrl !== null) return { data: line, event: null };
  return { data: { ...line, ...chosen(row, publish) }, event: 'published' };
}

/** A publish of either kind ended, as who published it says. Null when that changes nothing. */
export function sourceUnpublished(row: SourceRow, epoch: number): SourceChange | null {
  if (epoch === row.stageEpoch) return stageGone(row);
  if (epoch === row.rtmpEpoch) return rtmpGone(row);
  // The fact of its beginning may still be on its way.
  return epoch > row.goneEpoch ? { data: { goneEpoch: epoch }, event: null } : null;
}

/** The worker can't read the source with this number any more. Null when another is the source by now or will be. */
export function sourceLost(row: SourceRow, epoch: number): SourceChange | null {
  if (epoch !== row.sourceEpoch || row.relayUrl === null) return null;
  if (row.sourceKind === 'stage') return stageGone(row);
  return row.rtmpEpoch < row.dropRtmpBelow ? null : rtmpGone(row);
}

/** Another publish was permitted, the RTMP publisher dropped for it, and nothing came. */
export function isAwaitingTakeover(row: SourceRow): boolean {
  const onAir = row.state === 'starting' || row.state === 'live';
  return onAir && row.sourceKind === 'rtmp' && row.rtmpEpoch < row.dropRtmpBelow;
}

export function takeoverFailed(row: SourceRow): SourceChange | null {
  if (!isAwaitingTakeover(row)) return null;
  return { data: { rtmpRelayUrl: null, relayUrl: null }, event: 'sourceGone' };
}

/** The RTMP publisher that is still on the line is shown again. */
function stageGone(row: SourceRow): SourceChange | null {
  if (row.stageRelayUrl === null) return null;
  const { rtmpRelayUrl, rtmpEpoch, dropRtmpBelow } = row;
  if (rtmpRelayUrl === null || rtmpEpoch < dropRtmpBelow)
    return { data: { stageRelayUrl: null, relayUrl: null }, event: 'sourceGone' };
  const rtmp = { sourceKind: 'rtmp' as const, epoch: rtmpEpoch, relayUrl: rtmpRelayUrl };
  return { data: { stageRelayUrl: null, ...chosen(row, rtmp) }, event: 'published' };
}

/** Interrupts unless the stage is shown; one that is being taken over stays until the other comes. */
function rtmpGone(row: SourceRow): SourceChange | null {
  if (row.rtmpRelayUrl === null) return null;
  const line = { rtmpRelayUrl: null };
  if (row.stageRelayUrl !== null || row.rtmpEpoch < row.dropRtmpBelow) return { data: line, event: null };
  return { data: { ...line, relayUrl: null }, event: 'sourceGone' };
}

/** The number of a choice is that of its publish, or a fresh one when a newer source was chosen since. */
function chosen(
  row: SourceRow,
  { sourceKind, epoch, relayUrl }: { sourceKind: 'rtmp' | 'stage'; epoch: number; relayUrl: string },
): SourceChange['data'] {
  const sourceEpoch = epoch > row.sourceEpoch ? epoch : row.epoch + 1;
  return { sourceKind, relayUrl, sourceEpoch, epoch: Math.max(row.epoch, sourceEpoch) };
}
