import type { Logger } from '@maydan/common';
import { FfmpegProcess } from '../../ffmpeg/FfmpegProcess.ts';
import type { CanvasSize } from './layout.ts';

/** DejaVu Sans of Debian's fonts-dejavu-core has Latin, Cyrillic, Greek, Hebrew and Arabic; else what fontconfig finds. */
const font = 'DejaVu Sans';
const mostCharacters = 40;
const mostNames = 200;
/** Pixels around the text. */
const padding = 6;
const limitMs = 20_000;
/** On a machine that is very busy one may fail. */
const mostAttempts = 3;

/** How strongly white text covers what is under it, 0 to 255 a pixel. */
export interface Mask extends CanvasSize {
  readonly alpha: Uint8Array;
}

const graphemes = new Intl.Segmenter();

/** Text for drawtext: one line, no control characters. */
export function labelText(name: string): string {
  const clean = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').trim();
  const characters = Array.from(graphemes.segment(clean), ({ segment }) => segment);
  return characters.length <= mostCharacters ? clean : `${characters.slice(0, mostCharacters - 1).join('')}…`;
}

/** A value of an option of a filter, in a graph: read once as the graph's and once as the options'. */
const escaped = (value: string): string =>
  value.replaceAll(/[\\':]/g, String.raw`\$&`).replaceAll(/[\\'[\],;]/g, String.raw`\$&`);

/** Pixels that text is high in a tile of that height. */
export const labelHeightFor = (tileHeight: number): number =>
  2 * Math.round(Math.max(14, Math.min(30, tileHeight / 16)) / 2);

/**
 * Names as pictures, made once per name and size by ffmpeg's drawtext, which shapes Arabic and writes it from right to left
 * (FriBidi), one after the other: twenty people who come at once shouldn't take the processor from the picture. Until a label is
 * there, and if it can't be made, the tile goes without.
 */
export class Labels {
  readonly #ffmpegPath: string;
  readonly #log: Logger;
  readonly #masks = new Map<string, Mask | null>();
  #last: Promise<void> = Promise.resolve();

  constructor(ffmpegPath: string, log: Logger) {
    this.#ffmpegPath = ffmpegPath;
    this.#log = log;
  }

  /** `height`: of the letters. Null while it is being made. */
  get(name: string, height: number): Mask | null {
    const key = `${height} ${name}`;
    const known = this.#masks.get(key);
    if (known !== undefined) return known;
    const text = labelText(name);
    if (this.#masks.size >= mostNames) this.#masks.clear();
    this.#masks.set(key, null);
    if (text === '') return null;
    this.#last = this.#last.then(() => this.#fill(key, text, height));
    return null;
  }

  /** Unless it is there already, or nobody asks for it any more. Never rejects. */
  async #fill(key: string, text: string, height: number): Promise<void> {
    for (let attempt = 1; attempt <= mostAttempts && this.#masks.get(key) === null; attempt += 1) {
      try {
        this.#masks.set(key, await this.#make(text, height));
      } catch (error) {
        this.#log.warn({ err: error, attempt }, 'a label was not made');
      }
    }
  }

  async #make(text: string, height: number): Promise<Mask> {
    const size = { width: 2 * Math.ceil((text.length * height) / 2) + 8 * padding, height: 2 * height };
    return trimmed(await this.#draw(text, height, size));
  }

  async #draw(
    text: string,
    height: number,
    { width, height: rows }: { width: number; height: number },
  ): Promise<Mask> {
    const drawn = `drawtext=font='${font}':text=${escaped(text)}:expansion=none:fontsize=${height}:fontcolor=white:x=${padding}:y=(h-${height})/2`;
    const ffmpeg = new FfmpegProcess(this.#ffmpegPath, [
      ...['-f', 'lavfi', '-i', `color=black:s=${width}x${rows}:r=1,format=gray,${drawn}`],
      ...['-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'gray', 'pipe:1'],
    ]);
    const chunks: Uint8Array[] = [];
    ffmpeg.on('data', (bytes) => chunks.push(bytes));
    const deadline = setTimeout(() => void ffmpeg.kill(), limitMs);
    const exit = await ffmpeg.end();
    clearTimeout(deadline);
    const alpha = Buffer.concat(chunks);
    if (exit.reason !== 'ended' || alpha.length !== width * rows)
      throw new Error(exit.stderrTail || exit.reason);
    return { width, height: rows, alpha };
  }
}

/** Without the empty columns behind the text but for the padding; sizes even. */
export function trimmed({ width, height, alpha }: Mask): Mask {
  let last = 0;
  for (const [at, value] of alpha.entries()) if (value > 32) last = Math.max(last, at % width);
  const kept = Math.min(width, 2 * Math.ceil((last + 1 + padding) / 2));
  const result = new Uint8Array(kept * height);
  for (let row = 0; row < height; row += 1) {
    result.set(alpha.subarray(row * width, row * width + kept), row * kept);
  }
  return { width: kept, height, alpha: result };
}
