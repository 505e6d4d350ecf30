import { TextBlock } from './PlaylistText.ts';
import type { SegmentRecord } from './records.ts';
import { mapTag } from './tags.ts';

/** How one kind of playlist shows a segment. */
export interface SegmentFormat {
  lines(segment: SegmentRecord, previousInitPath: string | undefined): string;
  /** How many media segments of the playlist (sequence numbers) it gives. */
  count(segment: SegmentRecord): number;
}

interface Entry {
  readonly segment: SegmentRecord;
  readonly lines: string;
  readonly count: number;
  /** Its lines say EXT-X-MAP themselves. */
  readonly saysMap: boolean;
}

/** Segments per cached block of text: small enough that the ends are cheap, large enough that blocks are few. */
const BLOCK_SEGMENTS = 64;

/**
 * The complete segments of one playlist within its window. Counts EXT-X-MEDIA-SEQUENCE and
 * EXT-X-DISCONTINUITY-SEQUENCE while the window slides (RFC 8216bis §6.2.2) and keeps rendered text.
 */
export class SlidingPlaylist {
  readonly #format: SegmentFormat;
  readonly #entries: Entry[] = [];
  /** By position over the whole life divided by BLOCK_SEGMENTS; only whole blocks within the window. */
  readonly #blocks = new Map<number, TextBlock>();
  /** Segments removed so far: position of the first entry over the whole life. */
  #removed = 0;
  #mediaSequence: number;
  #discontinuitySequence = 0;
  #count = 0;

  constructor(format: SegmentFormat, firstSequence: number) {
    this.#format = format;
    this.#mediaSequence = firstSequence;
  }

  /** Number of the first listed media segment. */
  get mediaSequence(): number {
    return this.#mediaSequence;
  }

  get discontinuitySequence(): number {
    return this.#discontinuitySequence;
  }

  /** Number of the next media segment to be added. */
  get nextSequence(): number {
    return this.#mediaSequence + this.#count;
  }

  /** Complete segments in the window (not entries: an I-frame playlist may list several of each). */
  get length(): number {
    return this.#entries.length;
  }

  append(segment: SegmentRecord): void {
    const previousInitPath = this.#entries.at(-1)?.segment.initPath;
    const lines = this.#format.lines(segment, previousInitPath);
    const count = this.#format.count(segment);
    this.#entries.push({ segment, lines, count, saysMap: segment.initPath !== previousInitPath });
    this.#count += count;
  }

  removeFirst(): void {
    const entry = this.#entries.shift();
    if (!entry) return;
    if (entry.segment.discontinuity) this.#discontinuitySequence += 1;
    this.#mediaSequence += entry.count;
    this.#count -= entry.count;
    this.#blocks.delete(Math.floor(this.#removed / BLOCK_SEGMENTS));
    this.#removed += 1;
  }

  /** How many leading segments end at or beyond the skip boundary, seen from the last segment's end. */
  skippable(boundarySec: number): number {
    let index = this.#entries.length;
    let distanceSec = 0;
    while (index > 0 && distanceSec < boundarySec - 1e-6) {
      index -= 1;
      distanceSec += this.#entries[index]?.segment.durationSec ?? 0;
    }
    return index;
  }

  /** Media segments (entries) in the first `segments` segments. */
  countOf(segments: number): number {
    return this.#entries.slice(0, segments).reduce((sum, entry) => sum + entry.count, 0);
  }

  /** Plain text of the segments from index `from` to before `to`. */
  lines(from: number, to: number): string {
    let text = '';
    for (let index = from; index < to; index += 1) text += this.#entries[index]?.lines ?? '';
    return text;
  }

  /** Text of the segments before index `to`, as loose ends around cached blocks. */
  blocks(to: number): { head: string; blocks: TextBlock[]; tail: string } {
    if (to === 0) return { head: '', blocks: [], tail: '' };
    const firstWhole = Math.ceil(this.#removed / BLOCK_SEGMENTS);
    const lastWhole = Math.floor((this.#removed + to) / BLOCK_SEGMENTS);
    const map = this.#leadingMap();
    if (lastWhole <= firstWhole) return { head: map + this.lines(0, to), blocks: [], tail: '' };
    const blocks: TextBlock[] = [];
    for (let index = firstWhole; index < lastWhole; index += 1) blocks.push(this.#block(index));
    const headEnd = firstWhole * BLOCK_SEGMENTS - this.#removed;
    const tailStart = lastWhole * BLOCK_SEGMENTS - this.#removed;
    return { head: map + this.lines(0, headEnd), blocks, tail: this.lines(tailStart, to) };
  }

  /** The first segment's map was said by a segment that has left the window. */
  #leadingMap(): string {
    const first = this.#entries[0];
    return first && !first.saysMap ? mapTag(first.segment.initPath) : '';
  }

  #block(index: number): TextBlock {
    const known = this.#blocks.get(index);
    if (known) return known;
    const start = index * BLOCK_SEGMENTS - this.#removed;
    const block = new TextBlock(this.lines(start, start + BLOCK_SEGMENTS));
    this.#blocks.set(index, block);
    return block;
  }
}
