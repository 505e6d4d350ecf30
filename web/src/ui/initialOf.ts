/** The first letter as readers see it, also when it is made of several code points. */
export function initialOf(name: string): string {
  const [first] = new Intl.Segmenter().segment(name);
  return first?.segment.toUpperCase() ?? '';
}

/** Initials of the first two words, for who has no picture. Arabic letters would join, so one stands alone there. */
export function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = words.slice(0, 2).map(initialOf);
  return /\p{Script=Arabic}/u.test(letters.join('')) ? (letters[0] ?? '') : letters.join('');
}
