import type { ByteRange } from '../OlderMedia.ts';

/** A Range header asks for bytes that the file doesn't have (416). */
export class UnsatisfiableRange extends Error {
  readonly size: number;

  constructor(size: number) {
    super(`The file has ${size} bytes.`);
    this.size = size;
  }
}

/** `bytes=a-b`, `bytes=a-`, `bytes=-n`; anything else (several ranges, other units) is answered in whole. */
export type RequestedRange = ByteRange | { readonly suffixLength: number };

export function parseRange(header: string | undefined): RequestedRange | null {
  const match = /^bytes=(\d{0,15})-(\d{0,16})$/.exec(header?.trim() ?? '');
  if (!match) return null;
  const [, first = '', last = ''] = match;
  if (first === '') return last === '' ? null : { suffixLength: Number(last) };
  const start = Number(first);
  if (last === '') return { start };
  return Number(last) < start ? null : { start, end: Number(last) };
}

/** First and last byte within a file of `size` bytes. Throws UnsatisfiableRange (RFC 9110 §14.1.2). */
export function resolveRange(range: RequestedRange, size: number): { start: number; end: number } {
  if ('suffixLength' in range) {
    if (range.suffixLength === 0 || size === 0) throw new UnsatisfiableRange(size);
    return { start: Math.max(0, size - range.suffixLength), end: size - 1 };
  }
  if (range.start >= size) throw new UnsatisfiableRange(size);
  return { start: range.start, end: Math.min(range.end ?? size - 1, size - 1) };
}
