/** What is wrong with a rules module, with file and line. */
import { messageOf } from '../../../shared/errors.ts';

export interface RuleProblem {
  /** `file:line`; the file alone where no line is known. */
  readonly place: string;
  readonly text: string;
}

/** Thrown when a rules module can't be used; lists every problem that was found, one a line. */
export class RulesError extends Error {
  override readonly name = 'RulesError';
  readonly problems: readonly RuleProblem[];
  /** The files that were read: a change in one of them may mend it. */
  readonly files: readonly string[];

  constructor(problems: readonly RuleProblem[], files: readonly string[]) {
    super(problems.map(({ place, text }) => `${place}: ${text}`).join('\n'));
    this.problems = problems;
    this.files = files;
  }
}

/** The first line of the stack that lies in one of the files. */
export function placeOf(error: unknown, files: readonly string[]): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  let first: { readonly at: number; readonly place: string } | undefined;
  for (const file of files) {
    const at = stack.indexOf(`${file}:`);
    if (at < 0 || (first && first.at < at)) continue;
    // The column would be that of the translated text.
    const [place] = stack.slice(at).match(/^[^\n]*?:\d+/) ?? [];
    if (place !== undefined) first = { at, place };
  }
  return first?.place;
}

export function problemOf(error: unknown, files: readonly string[], otherwise: string): RuleProblem {
  const place = placeOf(error, files) ?? otherwise;
  // Parsers repeat the place on lines of their own.
  const [text = ''] = messageOf(error).split('\n');
  return { place, text: text.trim() };
}
