import { foldText } from '@maydan/contracts';

/** The columns of a username: whoever writes one writes both, so that people are found by it. */
export function usernameOf(username: string): { username: string; usernameKey: string } {
  return { username, usernameKey: username.toLowerCase() };
}

/** The columns of a display name, written together for the same reason. */
export function displayNameOf(displayName: string): { displayName: string; nameKey: string } {
  return { displayName, nameKey: foldText(displayName) };
}

/** How a new user is called. */
export function namesOf(username: string, displayName: string) {
  return { ...usernameOf(username), ...displayNameOf(displayName) };
}
