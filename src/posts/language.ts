/** Scripts that are written from right to left: https://www.unicode.org/iso15924/. */
const RIGHT_TO_LEFT = [
  'Adlm',
  'Arab',
  'Aran',
  'Hebr',
  'Mand',
  'Nkoo',
  'Rohg',
  'Samr',
  'Syrc',
  'Thaa',
  'Yezi',
];

/** The attributes of an element whose text is in a post's language; none for the site's own language. */
export function languageAttributes(lang: string): { lang?: string; dir?: 'ltr' | 'rtl' } {
  if (lang === '') return {};
  return { lang, dir: isRightToLeft(lang) ? 'rtl' : 'ltr' };
}

/** By the script: `getTextInfo` of ICU knows the direction of a language alone, and takes `az-Arab` for left to right. */
function isRightToLeft(lang: string): boolean {
  try {
    return RIGHT_TO_LEFT.includes(new Intl.Locale(lang).maximize().script ?? '');
  } catch {
    return false;
  }
}

/** The canonical form of a BCP 47 language tag, also if it has underscores, such as `zh_CN`; `undefined` if it is none. */
export function canonicalLanguage(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag.trim().replaceAll('_', '-'))[0];
  } catch {
    return undefined;
  }
}
