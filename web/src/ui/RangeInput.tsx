import { useLayoutEffect, useRef } from 'react';
import type { ComponentProps } from 'react';

interface RangeInputProps extends Omit<ComponentProps<'input'>, 'value' | 'onChange' | 'min' | 'max'> {
  readonly min: number;
  readonly max: number;
  readonly value: number;
  /** While the thumb is dragged, and for each step by other means. */
  readonly onSlide?: (value: number) => void;
  /** The viewer let go, or stepped by other means. */
  readonly onCommit: (value: number) => void;
}

/**
 * A native range input that others may re-render while it is being dragged. React puts a controlled input back to its
 * property when a pending render comes between the browser's change and React's handler, and the change is lost;
 * here the element keeps its value as long as it is pressed.
 */
export function RangeInput({ value, onSlide, onCommit, ...rest }: RangeInputProps) {
  const input = useRef<HTMLInputElement>(null);
  const pressed = useRef(false);
  useLayoutEffect(() => {
    if (input.current && !pressed.current) input.current.value = String(value);
  });
  const release = (): void => {
    if (!pressed.current) return;
    pressed.current = false;
    if (input.current) onCommit(Number(input.current.value));
  };
  return (
    <input
      {...rest}
      ref={input}
      type="range"
      defaultValue={value}
      onPointerDown={() => (pressed.current = true)}
      onPointerUp={release}
      onPointerCancel={release}
      onBlur={release}
      onInput={(event) => {
        const next = Number(event.currentTarget.value);
        if (pressed.current) onSlide?.(next);
        else onCommit(next);
      }}
    />
  );
}
