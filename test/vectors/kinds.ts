/**
 * What runs a case, by the kind its file says it is. A new kind is a line here and a file beside this one; a function
 * of kind "function" is a line in functions.ts. What stands in neither counts as a failure.
 */
import { runFunctionCase } from './functions.ts';
import { runIndexCase, runReaperCase } from './index-cases.ts';
import { runCodecCase, runQueryCase } from './query.ts';
import { runStreamCase, type StreamCase } from './stream-case.ts';
import { different, type Runner } from './vector-file.ts';

const KINDS: Readonly<Record<string, Runner>> = {
  stream: (_, vector) => runStreamCase(vector as unknown as StreamCase),
  function: runFunctionCase,
  query: runQueryCase,
  codec: runCodecCase,
  index: runIndexCase,
  reaper: runReaperCase,
};

export const runCase: Runner = (file, vector) => {
  const runner = Object.hasOwn(KINDS, file.kind) ? KINDS[file.kind] : undefined;
  return runner ? runner(file, vector) : different(`unknown kind: ${file.kind}`);
};
