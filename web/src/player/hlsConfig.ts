import type { HlsConfig, LoadPolicy, RetryConfig } from 'hls.js';

export interface HlsOptions {
  /** False plays whole segments like a plain HLS player. */
  readonly lowLatency: boolean;
  /** Last measured bandwidth of this viewer, to start with the right rendition. */
  readonly bandwidthBps: number | null;
}

/** A first guess that starts most phones with a watchable rendition. */
const defaultBandwidthBps = 2_500_000;

/**
 * A worker that restarts answers 404 and 503 for a while, and a closed port has no status at all; only
 * answers that a repetition can't change end the attempts.
 */
export function isRetryable(httpStatus: number | undefined): boolean {
  return ![400, 401, 403, 410].includes(httpStatus ?? 0);
}

const shouldRetry: NonNullable<RetryConfig['shouldRetry']> = (config, count, _isTimeout, response) =>
  count < (config?.maxNumRetry ?? 0) && isRetryable(response?.code);

interface Retries {
  readonly firstByteMs: number;
  readonly retries: number;
  readonly delayMs: number;
}

/** After the last retry the player's own recovery takes over, which slows down and spreads its attempts. */
function policy({ firstByteMs, retries, delayMs }: Retries): LoadPolicy {
  return {
    default: {
      maxTimeToFirstByteMs: firstByteMs,
      maxLoadTimeMs: 30_000,
      timeoutRetry: { maxNumRetry: retries, retryDelayMs: 0, maxRetryDelayMs: 0, shouldRetry },
      errorRetry: {
        maxNumRetry: retries,
        retryDelayMs: delayMs,
        maxRetryDelayMs: 3_000,
        shouldRetry,
      },
    },
  };
}

/**
 * Configuration of hls.js. No live-sync position is set: `liveSyncDuration` and `liveSyncDurationCount` would replace
 * the playlist's PART-HOLD-BACK, which is what starts a viewer at low latency. Nor is a maximum latency, since
 * hls.js would throw DVR viewers to the edge by it. What hls.js does after a stall makes latency creep (its target
 * only grows) or leaves a late viewer late (it takes them for a DVR viewer), so the player does that itself.
 */
export function hlsConfig(options: HlsOptions): Partial<HlsConfig> {
  return {
    lowLatencyMode: options.lowLatency,
    // Fragmented MP4 needs no remuxing, so a worker would only add a copy of each part.
    enableWorker: false,
    // The player sets the pace and the growth after stalls itself, see LiveController.ts.
    maxLiveSyncPlaybackRate: 1,
    liveSyncOnStallIncrease: 0,
    liveDurationInfinity: true,
    backBufferLength: 30,
    maxBufferLength: 30,
    maxMaxBufferLength: 60,
    // The first fragment is shown, not thrown away as a measurement.
    testBandwidth: false,
    abrEwmaDefaultEstimate: options.bandwidthBps ?? defaultBandwidthBps,
    abrEwmaDefaultEstimateMax: 20_000_000,
    capLevelToPlayerSize: true,
    maxDevicePixelRatio: 2,
    // A rendition that failed once is tried again, else one lost request lowers the quality for ever.
    errorPenaltyExpireMs: 20_000,
    preserveManualLevelOnError: true,
    enableInterstitialPlayback: false,
    // Without a manifest nothing plays yet: the player's own recovery, which is seen, takes over soon.
    manifestLoadPolicy: policy({ firstByteMs: 8_000, retries: 2, delayMs: 500 }),
    // Longer than the origin holds a blocked request (three target durations).
    playlistLoadPolicy: policy({ firstByteMs: 10_000, retries: 7, delayMs: 400 }),
    fragLoadPolicy: policy({ firstByteMs: 10_000, retries: 6, delayMs: 300 }),
  };
}
