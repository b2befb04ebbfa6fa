import type { FrameworkRule } from './rules.ts';

/** The rules that apply to a file, by the end of its path. */
export function rulesFor(rules: readonly FrameworkRule[], path: string): FrameworkRule[] {
  return rules.filter((rule) => rule.files.some((file) => path === file || path.endsWith(`/${file}`)));
}

// A key of nothing but zeros, in any notation, or a variable's name is useless to an attacker.
const isBlank = (value: string): boolean => /^[0A=_-]*$/.test(value) || value.startsWith('process.env.');

/** The values of a rule's key in a text that are not blank. Only their number is used; they are never shown. */
export function liveKeys(rule: FrameworkRule, text: string): string[] {
  const values = [...text.matchAll(rule.pattern)]
    .map((match) => match[1] ?? '')
    .filter((value) => !isBlank(value));
  return [...new Set(values)].map(() => rule.key);
}
