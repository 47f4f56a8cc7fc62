/** For tests: waits for what is to come instead of sleeping for luck. */
export interface UntilOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number;
  /** Time between two looks, default 10. */
  readonly everyMs?: number;
  /** What is waited for; stands in the error. */
  readonly what: string;
}

/**
 * Asks again and again until the answer is neither false, null nor undefined, and gives that answer.
 * A condition that throws has not come true yet.
 * @throws when the time is over: what was waited for, and the last answer or error
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 10, what }: UntilOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  do {
    try {
      const answer = await condition();
      if (answer !== false && answer !== null && answer !== undefined)
        return answer as Exclude<T, false | null | undefined>;
      last = answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  } while (performance.now() < deadline);
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}; last: ${String(last)}`, {
    cause: last instanceof Error ? last : undefined,
  });
}
