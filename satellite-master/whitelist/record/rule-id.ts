/** The number of a rule in docs/judgement.md, as `6` or `'6a'`. */
export type RuleId = number | `${number}${'a' | 'b'}`;
