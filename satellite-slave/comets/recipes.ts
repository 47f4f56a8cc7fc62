/** Every recipe by the name that settings call it. */
import { cacheState } from './cache-state.ts';
import type { Recipe } from './comet.ts';
import { command } from './command.ts';
import { dfReturns, fileExists, percentageUsed } from './disk.ts';
import { freeMemory, freeSwap, freeSwapIffSwap } from './memory.ts';
import { nagios } from './nagios.ts';
import { loadAverage, numUninterruptableProcesses } from './processes.ts';
import { totalTasksFailed, totalTasksFinished, totalTasksStarted } from './tasks.ts';

export const RECIPES: ReadonlyMap<string, Recipe> = new Map([
  ['free-memory', freeMemory],
  ['free-swap', freeSwap],
  ['free-swap-iff-swap', freeSwapIffSwap],
  ['percentage-used', percentageUsed],
  ['df-returns', dfReturns],
  ['num-uninterruptable-processes', numUninterruptableProcesses],
  ['load-average', loadAverage],
  ['file-exists', fileExists],
  ['command', command],
  ['nagios', nagios],
  ['total-tasks-failed', totalTasksFailed],
  ['total-tasks-finished', totalTasksFinished],
  ['total-tasks-started', totalTasksStarted],
  ['cache-state', cacheState],
]);
