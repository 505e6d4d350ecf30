import { AppError, type FactWriter, type Logger } from '@maydan/common';
import { playbackKeys, type JobData } from '@maydan/contracts';
import { decodePictures, encodePoster, tilePictures } from '../ffmpeg/images.ts';
import { mediaPath } from '../live/events.ts';
import type { ObjectStore } from '../storage/ObjectStore.ts';
import { choosePoster, lumaOf } from './choosePoster.ts';
import { iFrameEntries, iFrameRenditions, type IFrameEntry, type IFrameRendition } from './iFrameEntries.ts';
import { planStoryboard, renderStoryboard, sheetName, type StoryboardPlan } from './storyboardPlan.ts';

export interface ImagesDeps {
  readonly store: ObjectStore;
  readonly facts: FactWriter;
  readonly ffmpegPath: string;
}

const readsAtOnce = 6;
const poster = { path: 'poster.jpg', maxWidth: 1280, maxHeight: 720 };
const storyboardPath = 'storyboard.vtt';

/**
 * Makes the poster and the storyboard of a recording from its key frames, which it reads by byte range. Doing it again
 * gives the same files. A recording without pictures gets none, and no fact is told.
 */
export async function makeImages(data: JobData<'vod.images'>, deps: ImagesDeps, log: Logger): Promise<void> {
  const { sessionId, playbackId } = data;
  const recording = new RecordingReader(deps.store, playbackId);
  const renditions = iFrameRenditions(await recording.text(mediaPath.multivariant));
  const smallest = renditions[0];
  if (smallest === undefined) return log.info({ playbackId }, 'the recording has no pictures');
  const plan = planStoryboard(await recording.entries(smallest), smallest);
  const pictures = await decodeAll(recording, plan, deps.ffmpegPath);
  await storeSheets(recording, plan, pictures, deps.ffmpegPath);
  await storePoster(recording, plan, pictures, renditions, deps.ffmpegPath);
  const at = new Date().toISOString();
  deps.facts.append({
    type: 'vod.imagesReady',
    sessionId,
    playbackId,
    posterPath: poster.path,
    storyboardPath,
    at,
  });
  await deps.facts.flush();
  log.info({ playbackId, pictures: pictures.length }, 'poster and storyboard are stored');
}

/** The files of one recording. */
class RecordingReader {
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #inits = new Map<string, Promise<Buffer>>();

  constructor(store: ObjectStore, playbackId: string) {
    this.#store = store;
    this.#prefix = playbackKeys.s3Prefix(playbackId);
  }

  async bytes(path: string, range?: { start: number; end: number }): Promise<Buffer> {
    const bytes = await this.#store.read(this.#prefix + path, range);
    if (bytes === null) throw new AppError('not_found', `The recording has no ${path}.`);
    return bytes;
  }

  async text(path: string): Promise<string> {
    return (await this.bytes(path)).toString('utf8');
  }

  async entries({ playlistPath }: IFrameRendition): Promise<IFrameEntry[]> {
    return iFrameEntries(await this.text(playlistPath), playlistPath);
  }

  init(path: string): Promise<Buffer> {
    const known = this.#inits.get(path) ?? this.bytes(path);
    this.#inits.set(path, known);
    return known;
  }

  keyFrame({ path, offset, length }: IFrameEntry): Promise<Buffer> {
    return this.bytes(path, { start: offset, end: offset + length - 1 });
  }

  put(path: string, bytes: Uint8Array): Promise<void> {
    return this.#store.put(this.#prefix + path, bytes);
  }
}

/** Raw thumbnails of the planned frames. Frames of one init segment are decoded together. */
async function decodeAll(
  reader: RecordingReader,
  plan: StoryboardPlan,
  ffmpegPath: string,
): Promise<Buffer[]> {
  const { width, height } = plan.thumbnail;
  const pictureBytes = (width * height * 3) / 2;
  const pictures: Buffer[] = [];
  for (const group of groupsOf(plan.frames)) {
    const fragments = await readAll(reader, group);
    const init = await reader.init(group[0]?.initPath ?? '');
    const raw = await decodePictures(ffmpegPath, [init, ...fragments], plan.thumbnail);
    if (raw.byteLength !== pictureBytes * group.length) {
      throw new Error(`${group.length} key frames gave ${raw.byteLength / pictureBytes} pictures`);
    }
    for (let at = 0; at < group.length; at += 1) {
      pictures.push(raw.subarray(at * pictureBytes, (at + 1) * pictureBytes));
    }
  }
  return pictures;
}

/** Runs of frames that share an init segment. */
function groupsOf(frames: readonly IFrameEntry[]): IFrameEntry[][] {
  const groups: IFrameEntry[][] = [];
  for (const frame of frames) {
    const group = groups.at(-1);
    if (group?.[0]?.initPath === frame.initPath) group.push(frame);
    else groups.push([frame]);
  }
  return groups;
}

async function readAll(reader: RecordingReader, frames: readonly IFrameEntry[]): Promise<Buffer[]> {
  const fragments: Buffer[] = [];
  for (let from = 0; from < frames.length; from += readsAtOnce) {
    const batch = frames.slice(from, from + readsAtOnce).map((frame) => reader.keyFrame(frame));
    fragments.push(...(await Promise.all(batch)));
  }
  return fragments;
}

async function storeSheets(
  reader: RecordingReader,
  plan: StoryboardPlan,
  pictures: readonly Buffer[],
  ffmpegPath: string,
): Promise<void> {
  const perSheet = plan.columns * plan.rowsPerSheet;
  for (let sheet = 0; sheet * perSheet < pictures.length; sheet += 1) {
    const raw = Buffer.concat(pictures.slice(sheet * perSheet, (sheet + 1) * perSheet));
    await reader.put(sheetName(sheet), await tilePictures(ffmpegPath, raw, plan.thumbnail, plan.columns));
  }
  await reader.put(storyboardPath, Buffer.from(renderStoryboard(plan)));
}

/** The chosen moment again, from the largest rendition that isn't larger than a poster has to be. */
async function storePoster(
  reader: RecordingReader,
  plan: StoryboardPlan,
  pictures: readonly Buffer[],
  renditions: readonly IFrameRendition[],
  ffmpegPath: string,
): Promise<void> {
  const { width, height } = plan.thumbnail;
  const chosen = plan.frames[choosePoster(pictures.map((picture) => lumaOf(picture, width * height)))];
  const rendition =
    renditions.findLast((one) => Math.min(one.width, one.height) <= poster.maxHeight) ?? renditions[0];
  if (chosen === undefined || rendition === undefined) return;
  const entries = await reader.entries(rendition);
  const frame = entries.findLast(({ startSec }) => startSec <= chosen.startSec + 0.01) ?? entries[0];
  if (frame === undefined) return;
  const media = [await reader.init(frame.initPath), await reader.keyFrame(frame)];
  await reader.put(poster.path, await encodePoster(ffmpegPath, media, poster.maxWidth));
}
