/** The little statistics that a comparison between hosts needs. */

/**
 * One-sided exact test of Fisher: how likely it is that so many of the failures, or more, fall on the trials here
 * if here were like elsewhere: P(X >= failedHere), X hypergeometric.
 */
export function fisherTail(failedHere: number, trialsHere: number, failedElsewhere: number, trialsElsewhere: number) {
  const failed = failedHere + failedElsewhere;
  const trials = trialsHere + trialsElsewhere;
  const most = Math.min(failed, trialsHere);
  if (failedHere <= Math.max(0, failed - trialsElsewhere)) return 1;
  let term = Math.exp(
    lnChoose(failed, failedHere) + lnChoose(trials - failed, trialsHere - failedHere) - lnChoose(trials, trialsHere),
  );
  let tail = term;
  for (let k = failedHere; k < most; k++) {
    term *= ((failed - k) * (trialsHere - k)) / ((k + 1) * (trials - failed - trialsHere + k + 1));
    tail += term;
    if (term < tail * 1e-12) break;
  }
  return Math.min(1, tail);
}

/**
 * Fisher's method: the likelihood that independent tests come out so badly together. -2 * sum(ln p) is distributed as
 * chi-square with 2k degrees of freedom, whose tail is exp(-x/2) * sum((x/2)^i / i!, i < k).
 */
export function combined(probabilities: readonly number[]): number {
  const half = -probabilities.reduce((sum, p) => sum + Math.log(Math.max(p, Number.MIN_VALUE)), 0);
  let term = Math.exp(-half);
  let tail = 0;
  for (let i = 0; i < probabilities.length; i++) {
    tail += term;
    term *= half / (i + 1);
  }
  return probabilities.length === 0 ? 1 : Math.min(1, tail);
}

function lnChoose(n: number, k: number): number {
  return lnFactorial(n) - lnFactorial(k) - lnFactorial(n - k);
}

const LN_FACTORIALS = [0];

/** Exact sums for what is small, Stirling's series beyond: its error there is below 1e-14. */
function lnFactorial(n: number): number {
  if (n >= 1000) return n * Math.log(n) - n + Math.log(2 * Math.PI * n) / 2 + 1 / (12 * n) - 1 / (360 * n ** 3);
  for (let i = LN_FACTORIALS.length; i <= n; i++) LN_FACTORIALS.push((LN_FACTORIALS[i - 1] ?? 0) + Math.log(i));
  return LN_FACTORIALS[n] ?? 0;
}
