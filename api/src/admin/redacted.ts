const mark = '[redacted]';
/** Names of what may be a secret. */
const secretName =
  /token|secret|password|passphrase|authorization|cookie|credential|signature|(private|stream|api)_?key|^(key|auth|p256dh)$/i;
const deepest = 12;

/** What begins it stays, so that one sees what it was. */
const secretTexts: readonly (readonly [pattern: RegExp, shown: string])[] = [
  // JSON Web Tokens; our stream keys and refresh tokens; headers.
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, mark],
  [/\b(mk|rt|sk|whsec)_\w{8,}/g, mark],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${mark}`],
  // In addresses: a user with a password, the stream name of RTMP, parameters.
  [/(\w:\/\/)[^\s/@]+@/g, `$1${mark}@`],
  [/(rtmps?:\/\/[^\s/]+\/[^\s/]+\/)[^\s"']+/gi, `$1${mark}`],
  [/([?&][\w-]*(?:token|key|secret|signature|credential|password|auth)[\w-]*=)[^&\s"']+/gi, `$1${mark}`],
];

/** A text without what may be a secret. */
export function redactedText(text: string): string {
  return secretTexts.reduce((left, [pattern, shown]) => left.replace(pattern, shown), text);
}

/** The same value without what may be a secret, by its name or by how it looks. */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactedText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === deepest) return mark;
  if (Array.isArray(value)) return value.map((item) => redacted(item, depth + 1));
  // What JSON would make of it: a date stays one.
  if ('toJSON' in value) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([name, item]) => [
      name,
      secretName.test(name) && item !== null ? mark : redacted(item, depth + 1),
    ]),
  );
}
