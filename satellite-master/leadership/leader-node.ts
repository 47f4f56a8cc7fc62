/** The text of the ephemeral node `<root>/leader`. */
import { isObject } from '../../shared/mesos/index.ts';
import { cutToLength } from '../../shared/text.ts';

export interface LeaderNode {
  readonly master: string;
  /** 0 where the node does not say, as one of an older version. */
  readonly epoch: number;
  /** Its mesos-master is elected. */
  readonly elected: boolean;
  /** It replaced another holder, rather than nobody. */
  readonly byTakeover: boolean;
}

export function leaderNodeText(node: LeaderNode): string {
  return JSON.stringify(node);
}

/** A node that can't be read is that of an older version, which wrote only its name. */
export function leaderNodeIn(text: string): LeaderNode {
  const value = parsed(text);
  if (!isObject(value)) return { master: cutToLength(text, 200), epoch: 0, elected: false, byTakeover: false };
  const { master, epoch, elected, byTakeover } = value;
  return {
    master: typeof master === 'string' ? master : 'another master',
    epoch: typeof epoch === 'number' ? epoch : 0,
    elected: elected === true,
    byTakeover: byTakeover === true,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
