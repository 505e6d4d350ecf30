import Hls from 'hls.js';
import type { HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderContext } from 'hls.js';
import { firstSegmentUrl } from './firstSegment.ts';

const BaseLoader = Hls.DefaultConfig.loader;

/**
 * The ordinary loader, but for playlists without a whole segment: hls.js takes them for empty and asks again after a
 * pause, so that who comes in the first two seconds of a broadcast sees it late. Here the origin is asked to answer
 * at the right moment.
 */
export class FirstSegmentLoader extends BaseLoader {
  private readonly settings: HlsConfig;
  private blocking: Loader<LoaderContext> | null = null;

  constructor(settings: HlsConfig) {
    super(settings);
    this.settings = settings;
  }

  override load(
    context: LoaderContext,
    config: LoaderConfiguration,
    callbacks: LoaderCallbacks<LoaderContext>,
  ): void {
    super.load(context, config, {
      ...callbacks,
      onSuccess: (response, stats, asked, details) => {
        const url = typeof response.data === 'string' ? firstSegmentUrl(response.data, response.url) : null;
        if (url === null) return callbacks.onSuccess(response, stats, asked, details);
        this.blocking = new BaseLoader(this.settings);
        this.blocking.load({ ...context, url }, config, callbacks);
      },
    });
  }

  override abort(): void {
    this.blocking?.abort();
    super.abort();
  }

  override destroy(): void {
    this.blocking?.destroy();
    this.blocking = null;
    super.destroy();
  }
}
