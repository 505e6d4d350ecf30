import { useCallback, useEffect, useState } from 'react';
import type { RefObject } from 'react';

const idleAfterMs = 3_000;

/**
 * Whether the controls may hide: while `enabled`, a few seconds after the last sign of the viewer. Keyboard
 * users keep them as long as the focus is on one (held by CSS).
 */
export function useIdle(
  container: RefObject<HTMLElement | null>,
  enabled: boolean,
): { readonly idle: boolean; readonly toggle: () => void } {
  const [active, setActive] = useState(0);
  const [idle, setIdle] = useState(false);

  useEffect(() => {
    if (!enabled || idle) return;
    const timer = setTimeout(() => setIdle(true), idleAfterMs);
    return () => clearTimeout(timer);
  }, [enabled, idle, active]);

  useEffect(() => {
    const element = container.current;
    const wake = (event: Event): void => {
      if (event instanceof PointerEvent && event.pointerType === 'touch') return;
      setIdle(false);
      setActive((count) => count + 1);
    };
    const hide = (): void => setIdle(true);
    const waking = ['pointermove', 'keydown', 'focusin', 'input'];
    for (const name of waking) element?.addEventListener(name, wake);
    element?.addEventListener('mouseleave', hide);
    return () => {
      for (const name of waking) element?.removeEventListener(name, wake);
      element?.removeEventListener('mouseleave', hide);
    };
  }, [container]);

  const toggle = useCallback(() => {
    setIdle((was) => !was);
    setActive((count) => count + 1);
  }, []);
  return { idle: enabled && idle, toggle };
}
