/**
 * Control characters but tab and line feed; overrides and embeddings of direction, which make a text look like another one
 * (isolates and marks stay); what shows nothing and is no letter's neighbour: soft hyphen, word joiner, byte order mark,
 * interlinear marks.
 */
const unwanted =
  /(?![\t\n])\p{Cc}|[\u00ad\u180e\u202a-\u202e\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb]/gu;
/** More marks on one letter than any language has cover the lines above and below. */
const piledMarks = /(\p{M}{6})\p{M}+/gu;
const isolates = /[\u2066-\u2069]/;
const isolateStart = /[\u2066-\u2068]/;
const isolateEnd = '\u2069';

/**
 * A text as it is stored and shown to others: canonical form (NFC), line feeds as the only line ends, no control characters,
 * nothing that turns the direction of what stands around it, at most six marks on a letter, none of white space at the
 * ends. Letters of all languages stay as they are, with vowel signs, joiners and emoji. Pure; a second time changes nothing.
 */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(unwanted, '')
    .normalize('NFC')
    .replace(piledMarks, '$1')
    .split('\n')
    .map(closeIsolates)
    .join('\n')
    .trim();
}

/** The same on one line, for names. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/\s+/g, ' ');
}

/** Whether there is anything to see in it: a letter, digit, sign or symbol. */
export function showsSomething(text: string): boolean {
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(text);
}

/** An isolate ends with its paragraph at the latest (UAX #9, X8); one without a beginning is nothing. */
function closeIsolates(line: string): string {
  if (!isolates.test(line)) return line;
  let open = 0;
  let closed = '';
  for (const character of line) {
    if (isolateStart.test(character)) open += 1;
    if (character === isolateEnd && open === 0) continue;
    if (character === isolateEnd) open -= 1;
    closed += character;
  }
  return closed + isolateEnd.repeat(open);
}
