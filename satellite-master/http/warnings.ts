/** Adds warnings to the answer of a change: a member `warnings` in JSON, one more line each in text. */
import { isObject } from '../../shared/mesos/index.ts';
import type { Answer } from './route.ts';

export function withWarnings(answer: Answer, warnings: readonly string[]): Answer {
  if (warnings.length === 0) return answer;
  const { json, text } = answer;
  const own = isObject(json) && Array.isArray(json['warnings']) ? (json['warnings'] as unknown[]) : [];
  return {
    ...answer,
    json: isObject(json) ? { ...json, warnings: [...own, ...warnings] } : json,
    ...(text ? { text: () => [text(), ...warnings.map((warning) => `warning: ${warning}`)].join('\n') } : {}),
  };
}
