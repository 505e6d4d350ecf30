const key = 'maydan.device';

/** The token of this browser, which shows it with all it asks; one that refuses storage is another device each time. */
export const device = {
  read: (): string | undefined => {
    try {
      return localStorage.getItem(key) ?? undefined;
    } catch {
      return undefined;
    }
  },
  write: (token: string): void => {
    try {
      localStorage.setItem(key, token);
    } catch {
      // Then it is another device the next time.
    }
  },
};
