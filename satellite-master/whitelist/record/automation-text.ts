/** The text of the automation node: a JSON object in which several parts of Satellite keep a member each. */

/** Members of the node; none where the text can't be read, since it may have been written by hand. */
export function membersIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : {};
  } catch {
    return {};
  }
}

/** The number of the present leader; undefined: nobody has led by an epoch yet. */
export function epochIn(text: string): number | undefined {
  const { epoch } = membersIn(text);
  return typeof epoch === 'number' && Number.isSafeInteger(epoch) ? epoch : undefined;
}

export function withEpoch(text: string, epoch: number): string {
  return JSON.stringify({ ...membersIn(text), epoch });
}
