import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createLogger } from '@maydan/common';
import { warmUpEncoder } from '../../ffmpeg/LegEncoder.ts';
import type { Warning } from '../conditioned.ts';
import type { EndedLeg, PlannedLeg, TimelinePoint } from '../events.ts';
import { FlvParser, type FlvTag } from '../flv/FlvParser.ts';
import { LegPipeline, type LegPipelineOptions } from '../LegPipeline.ts';
import { ffmpegPath } from './media.ts';

export interface LegResult {
  readonly planned: PlannedLeg;
  readonly ended: EndedLeg;
  /** The whole movie of each rendition. */
  readonly movies: ReadonlyMap<string, Buffer>;
}

export interface PipelineResult {
  readonly legs: readonly LegResult[];
  readonly warnings: readonly Warning[];
  readonly timeline: TimelinePoint;
}

export const epochMs = Date.UTC(2030, 0, 1);

export function tagsOf(flv: Uint8Array): FlvTag[] {
  return new FlvParser().push(flv);
}

/** Other timestamps for every tag. */
export function retimed(tags: readonly FlvTag[], clock: (timestampMs: number) => number): FlvTag[] {
  return tags.map((tag) => ({ ...tag, timestampMs: Math.round(clock(tag.timestampMs)) >>> 0 }));
}

/** Feeds the tags as if each had come at its `arrivals` time, as fast as the encoders take them. */
export async function runPipeline(
  tags: readonly FlvTag[],
  options: Partial<LegPipelineOptions> & {
    arrivals?: readonly number[];
    onPushed?: (index: number, pipeline: LegPipeline) => Promise<void>;
  } = {},
): Promise<PipelineResult> {
  await warmUpEncoder(ffmpegPath);
  const log = createLogger('test', 'fatal');
  const pipeline = new LegPipeline({
    ...{
      ffmpegPath,
      cores: { available: 2, settle: () => undefined },
      renditions: null,
      timeline: null,
      log,
    },
    ...options,
  });
  const collected = collect(pipeline);
  try {
    for (const [index, tag] of tags.entries()) {
      const arrivalMs = epochMs + (options.arrivals?.[index] ?? tag.timestampMs);
      if (!pipeline.push(tag, arrivalMs)) await once(pipeline, 'drain');
      await options.onPushed?.(index, pipeline);
    }
    await pipeline.end();
  } finally {
    await pipeline.kill();
  }
  return { ...collected, timeline: pipeline.timeline };
}

function collect(pipeline: LegPipeline): { legs: LegResult[]; warnings: Warning[] } {
  const legs: LegResult[] = [];
  const warnings: Warning[] = [];
  let running: { planned: PlannedLeg; pieces: Map<string, Buffer[]> } | null = null;
  pipeline.on('planned', (planned) => {
    if (running !== null) throw new Error('A leg began before the last one ended.');
    running = { planned, pieces: new Map(planned.plan.renditions.map(({ id }) => [id, []])) };
  });
  pipeline.on('data', (id, bytes) => {
    const pieces = running?.pieces.get(id);
    if (pieces === undefined) throw new Error(`Data of ${id} came out of turn.`);
    pieces.push(Buffer.from(bytes));
  });
  pipeline.on('legEnded', (ended) => {
    if (running === null) throw new Error('A leg ended that had not begun.');
    const movies = new Map([...running.pieces].map(([id, pieces]) => [id, Buffer.concat(pieces)]));
    legs.push({ planned: running.planned, ended, movies });
    running = null;
  });
  pipeline.on('warning', (warning) => warnings.push(warning));
  return { legs, warnings };
}
