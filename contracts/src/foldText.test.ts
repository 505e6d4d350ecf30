import fc from 'fast-check';
import { foldText } from './foldText.ts';

describe('foldText', () => {
  it.each([
    // Alef forms, also as composed characters and as letter and mark.
    ['أحمد', 'احمد'],
    ['إبراهيم', 'ابراهيم'],
    ['آمنة', 'امنه'],
    ['ٱلله', 'الله'],
    ['ا\u0654حمد', 'احمد'],
    // Hamza on its seats and on the line.
    ['مؤمن', 'مومن'],
    ['رئيس', 'رييس'],
    ['علاء', 'علا'],
    // Teh marbuta, alef maqsura.
    ['فاطمة', 'فاطمه'],
    ['مصطفى', 'مصطفي'],
    // Vowel signs, shadda, superscript alef, tatweel.
    ['مُحَمَّدٌ', 'محمد'],
    ['هٰذا', 'هذا'],
    ['محـــمد', 'محمد'],
    // Persian and Urdu letters; ligatures and presentation forms.
    ['علی کریم', 'علي كريم'],
    ['صلوۃ', 'صلوه'],
    ['ڪتاب \u0672ب', 'كتاب اب'],
    ['ﷲ', 'الله'],
    ['ﻻ', 'لا'],
    // Arabic-Indic and eastern digits.
    ['٠١٢٣٤٥٦٧٨٩', '0123456789'],
    ['۰۱۲۳۴۵۶۷۸۹', '0123456789'],
    // Latin.
    ['José ÁLVAREZ', 'jose alvarez'],
    ['Straße', 'strasse'],
    ['Ǿystein Łukasz Đặng', 'oystein lukasz dang'],
    ['İstanbul Iğdır', 'istanbul igdir'],
    ['Ｆｕｌｌ ｗｉｄｔｈ', 'full width'],
    ['Ёлка', 'елка'],
    ['Οδυσσεύς', 'οδυσσευσ'],
    // What shows nothing, and white space.
    ['a\u200bb\u200d\u2066c\ufeff', 'abc'],
    [' \t two \u00a0\n words ', 'two words'],
    // Others stay what they are.
    ['한국어 がぎ हिन्दी', '한국어 がぎ हिन्दी'],
    ['a_b-c.d', 'a_b-c.d'],
    ['', ''],
  ])('%s → %s', (text, folded) => {
    expect(foldText(text)).toBe(folded);
  });

  it('folds what it has folded to the same, and never cuts a character in two', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const folded = foldText(text);
        expect(foldText(folded)).toBe(folded);
        expect(folded.isWellFormed()).toBe(true);
      }),
      { numRuns: 500, seed: 4 },
    );
  });
});
