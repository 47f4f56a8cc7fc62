/** What a benchmark prints: one figure a line, with its spread, its goal and whether it is met. */

export interface Figure {
  readonly name: string;
  readonly value: string;
  /** Where it was measured several times, or what it is to be read with. */
  readonly note?: string;
  readonly goal?: { readonly text: string; readonly met: boolean };
}

export function printFigures(title: string, figures: readonly Figure[]): void {
  const rows = figures.map(({ name, value, goal, note }) => [
    name,
    value,
    goal ? `${goal.met ? 'ok' : 'SHORT'}, goal ${goal.text}` : '',
    note ?? '',
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  process.stdout.write(`\n${title}\n`);
  for (const [name = '', value = '', goal = '', note = ''] of rows)
    process.stdout.write(
      `  ${name.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)}  ${goal.padEnd(widths[2] ?? 0)}  ${note}`.trimEnd() +
        '\n',
    );
}

/** A goal that a value has to stay under. */
export function under(value: number, most: number, unit: string): { readonly text: string; readonly met: boolean } {
  return { text: `< ${most} ${unit}`, met: value < most };
}

/** The value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** `min 1.2, max 1.4 of 3 runs` */
export function spread(values: readonly number[], form: (value: number) => string): string {
  return `min ${form(Math.min(...values))}, max ${form(Math.max(...values))} of ${values.length} runs`;
}

export const whole = (value: number): string => Math.round(value).toLocaleString('en');
export const tenths = (value: number): string => value.toFixed(1);
