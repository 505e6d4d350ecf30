const shape = /^(\d{1,16})-(\d{1,16})$/;

/** Whether a text is a position in the stream: `<ms>-<number>`, as Redis writes it. */
export function isPosition(text: string): boolean {
  return shape.test(text);
}

/** Milliseconds of Redis's clock. */
export function msOf(position: string): number {
  return Number(position.split('-')[0]);
}

/** Whether `one` comes before `other` in the stream. */
export function isBefore(one: string, other: string): boolean {
  const [oneMs = 0, oneNumber = 0] = one.split('-').map(Number);
  const [otherMs = 0, otherNumber = 0] = other.split('-').map(Number);
  return oneMs === otherMs ? oneNumber < otherNumber : oneMs < otherMs;
}
