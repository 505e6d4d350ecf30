import type { EngineEvents, PlaybackEngine, Quality } from './engine.ts';
import type * as HlsEngineModule from './HlsEngine.ts';
import { NativeEngine } from './NativeEngine.ts';
import { loadPreferences } from './preferences.ts';

/** What outlives an engine: the viewer's choice and what was learnt of the stream. */
export interface EngineMemory {
  quality: string;
  audioUrl: string | null;
  qualities: readonly Quality[];
}

let hlsModule: Promise<typeof HlsEngineModule> | undefined;

/** Begins to load hls.js (most of the page's code) before it is known what to play. */
export function preloadEngine(): Promise<typeof HlsEngineModule> {
  hlsModule ??= import('./HlsEngine.ts').catch((error: unknown) => {
    hlsModule = undefined;
    throw error;
  });
  return hlsModule;
}

/**
 * The engine for this browser: hls.js where there is (Managed) Media Source, else the browser's own HLS; null
 * when there is neither. Rejects when the code can't be loaded.
 */
export async function createEngine(
  video: HTMLVideoElement,
  options: { readonly lowLatency: boolean; readonly forceNative: boolean },
  memory: EngineMemory,
  events: EngineEvents,
): Promise<PlaybackEngine | null> {
  if (!options.forceNative) {
    const { HlsEngine } = await preloadEngine();
    if (HlsEngine.isSupported()) {
      const { bandwidthBps } = loadPreferences();
      const { lowLatency } = options;
      return new HlsEngine(video, { lowLatency, bandwidthBps, ...memory }, events);
    }
  }
  return NativeEngine.isSupported(video) ? new NativeEngine(video, events) : null;
}
