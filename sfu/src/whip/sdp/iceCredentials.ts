/** The words of ICE are of these alone (`ice-char`), of so many (RFC 8839, section 5.4). */
const usernameFragment = /^[A-Za-z0-9+/]{4,256}$/;
const password = /^[A-Za-z0-9+/]{22,256}$/;

/** What is wrong with a client's ICE credentials; null: nothing. The password may be left out where `null` is given for it. */
export function wrongCredentials(ice: { usernameFragment: string; password: string | null }): string | null {
  if (!usernameFragment.test(ice.usernameFragment)) {
    return 'ice-ufrag is missing, or not 4 to 256 letters, digits, + and /.';
  }
  if (ice.password !== null && !password.test(ice.password)) {
    return 'ice-pwd is missing, or not 22 to 256 letters, digits, + and /.';
  }
  return null;
}
