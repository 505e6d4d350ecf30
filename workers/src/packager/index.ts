export { Packager } from './Packager.ts';
export { choosePartTarget } from './partTarget.ts';
export { closeOpenSegments, packagerStateOf } from './PackagerFold.ts';
export type { JournalledEvent, PackagerState, TimelinePoint } from './PackagerFold.ts';
export type { LegStart, PackagerOptions, PackagerWarning } from './types.ts';
