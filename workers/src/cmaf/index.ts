export { FragmentError, type FragmentErrorReason } from './FragmentError.ts';
export { FragmentReader, type FragmentReaderOptions, type Sample } from './FragmentReader.ts';
export type { TrackInit } from './initSegment.ts';
export { buildFragment, buildFragments, type Fragment, type FragmentSample } from './buildFragment.ts';
