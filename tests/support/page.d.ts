export {};

declare global {
  interface Window {
    /** What the watch page tells tests; see web/src/player/debug.ts. */
    readonly maydan?: {
      readonly latencySec: number | null;
      stats(): { readonly wallClockLatencySec: number | null };
    };
  }
}
