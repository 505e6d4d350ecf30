/** A pure function that remembers its newest answers: many viewers ask the same within a moment. Throws aren't kept. */
export function remember<Answer>(compute: (key: string) => Answer, capacity = 2048): (key: string) => Answer {
  const known = new Map<string, Answer>();
  return (key) => {
    const answer = known.get(key);
    if (answer !== undefined) return answer;
    const fresh = compute(key);
    if (known.size >= capacity) known.clear();
    known.set(key, fresh);
    return fresh;
  };
}
