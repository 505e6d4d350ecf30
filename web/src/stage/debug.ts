import type { StageClient } from './StageClient.ts';
import type { StageState } from './stageState.ts';
import type { StageStats } from './stats.ts';

/** What `window.maydanStage` tells tests and benchmarks; nothing on the page depends on it. */
export interface MaydanStageProbe {
  readonly state: StageState;
  stats(): Promise<StageStats>;
  /** Ends the signaling connection as a broken network would. */
  dropConnection(): void;
}

declare global {
  interface Window {
    readonly maydanStage?: MaydanStageProbe;
  }
}

/** Puts a probe of the client on `window` until the returned function is called. */
export function exposeStage(client: StageClient): () => void {
  const probe: MaydanStageProbe = Object.freeze({
    get state() {
      return client.snapshot();
    },
    stats: () => client.stats(),
    dropConnection: () => client.dropConnection(),
  });
  Object.defineProperty(window, 'maydanStage', { value: probe, configurable: true });
  return () => {
    if (window.maydanStage !== probe) return;
    Object.defineProperty(window, 'maydanStage', { value: undefined, configurable: true });
  };
}
