/**
 * Marks that change how a letter is read, not which it is: accents of Latin, Greek and Cyrillic; Arabic vowel signs, shadda,
 * maddah and hamza above and below (so the alefs become one), superscript alef, Koranic marks.
 */
const marks =
  /[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08ff]/g;
/** Tatweel, hamza on the line, and characters that show nothing: joiners, direction marks, soft hyphen, variation selectors. */
const silent =
  /[\u0640\u0621\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|\u034f|[\ufe00-\ufe0f]/g;

/** Letters that stay apart under NFKD but are typed one for the other. */
const alike: Readonly<Record<string, string>> = {
  // Alef wasla, teh marbuta, alef maqsura; the forms that Persian, Urdu, Sindhi, Pashto and Kashmiri have of yeh, kaf, heh, teh
  // marbuta and alef.
  ...{ ٱ: 'ا', ة: 'ه', ى: 'ي', ی: 'ي', ې: 'ي', ک: 'ك', ہ: 'ه', ھ: 'ه', ە: 'ه', '\u06c3': 'ه' },
  ...{ '\u06aa': 'ك', '\u06cd': 'ي', '\u0620': 'ي', '\u0672': 'ا', '\u0673': 'ا' },
  ...{ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', þ: 'th', ł: 'l', ħ: 'h', ı: 'i', ς: 'σ' },
};
const alikeLetters = new RegExp(`[${Object.keys(alike).join('')}]`, 'g');
/** Arabic-Indic digits, and the eastern ones of Persian and Urdu. */
const arabicDigits = /[\u0660-\u0669\u06f0-\u06f9]/g;

/**
 * The form of a text by which texts are compared that people would call the same: without case, accents and vowel signs,
 * the forms of Arabic letters and digits as one, white space as single spaces, none at the ends. `foldText(foldText(x))`
 * is `foldText(x)`. Pure; for search and for lists of words.
 */
export function foldText(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .normalize('NFKD')
    .replace(marks, '')
    .replace(silent, '')
    .replace(alikeLetters, (letter) => alike[letter] ?? letter)
    .replace(arabicDigits, latinDigit)
    .normalize('NFC')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The same text with digits as codes have them, whichever keyboard they were typed with. */
export function latinDigits(text: string): string {
  return text.replace(arabicDigits, latinDigit);
}

function latinDigit(digit: string): string {
  return String((digit.codePointAt(0) ?? 0) & 0xf);
}
