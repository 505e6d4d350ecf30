/** Endings of names that people write links with; two letters are a country's. */
const endings =
  'com|net|org|info|biz|app|dev|xyz|online|site|shop|store|live|club|link|top|pro|tech|space|website|page|blog|news|games|stream|gg|io|tv|me|co|ly|ai';
const scheme = /\b(?:https?|ftp|rtmps?|ws{1,2}):\/\/|\bwww\s*\./i;
const name = new RegExp(
  String.raw`(?:^|[^\p{L}\p{N}_])(?:[\p{L}\p{N}][\p{L}\p{N}-]{0,62}\s?\.\s?)+(?:${endings}|xn--[a-z0-9-]+)(?![\p{L}\p{N}])`,
  'iu',
);
/** Any two letters as an ending, where nothing stands around the dot and a path follows or the name is longer. */
const country =
  /(?:^|[^\p{L}\p{N}_])[a-z0-9][a-z0-9-]{2,62}\.(?:[a-z0-9-]{2,62}\.)?[a-z]{2}(?:[/:?#]|(?![\p{L}\p{N}]))/iu;
const address = /(?:^|\D)(?:\d{1,3}\.){3}\d{1,3}(?!\d)/;
const spelledDot = /\s*[[({]\s*(?:\.|dot|نقطة)\s*[\])}]\s*|\s+dot\s+/giu;
/** Full stops of other scripts that browsers take for a dot. */
const otherDots = /[\u3002\uff0e\uff61\u2024]/g;
const invisible = /[\u00ad\u200b-\u200f\u2060\ufeff]/g;

/** Whether a text has something in it that people could open: an address with or without scheme, also in disguise. Pure. */
export function hasLink(text: string): boolean {
  const seen = text.replace(invisible, '').replace(otherDots, '.').normalize('NFKC').replace(spelledDot, '.');
  return [scheme, name, country, address].some((pattern) => pattern.test(seen));
}

/**
 * One after the other: as a repetition over a whole text it would try each way to read each emoji (3^n) before it fails.
 * TypeScript doesn't know the flag `v` for its target; Node does.
 */
const emoji = new RegExp(
  String.raw`\p{RGI_Emoji}|\p{Extended_Pictographic}\uFE0F?|\p{Emoji_Presentation}|\s`,
  'gv',
);

/** Whether a text is nothing but emoji and blanks. Pure. */
export function isEmojiOnly(text: string): boolean {
  return text.replace(emoji, '') === '' && text.trim() !== '';
}
