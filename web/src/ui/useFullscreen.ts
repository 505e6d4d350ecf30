import { useCallback, useEffect, useState } from 'react';
import type { RefObject } from 'react';

/** iPhones have full screen for video elements only. */
type AppleVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

export interface Fullscreen {
  readonly offered: boolean;
  readonly active: boolean;
  readonly toggle: () => void;
}

export function useFullscreen(container: RefObject<HTMLElement | null>, video: AppleVideo): Fullscreen {
  const [active, setActive] = useState(false);
  useEffect(() => {
    const onChange = (): void => setActive(document.fullscreenElement === container.current);
    document.addEventListener('fullscreenchange', onChange);
    return () => document.removeEventListener('fullscreenchange', onChange);
  }, [container]);

  const toggle = useCallback(() => {
    // Refused requests (no gesture, not allowed in a frame) leave everything as it is.
    if (document.fullscreenElement) document.exitFullscreen().catch(() => undefined);
    else if (document.fullscreenEnabled) container.current?.requestFullscreen().catch(() => undefined);
    else video.webkitEnterFullscreen?.();
  }, [container, video]);
  return { offered: document.fullscreenEnabled || video.webkitEnterFullscreen !== undefined, active, toggle };
}
