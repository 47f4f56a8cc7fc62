#!/usr/bin/env node
/** The command satellite-master. Signals are handled before the rest is loaded, which takes a moment. */
import '../shared/early-signal.ts';

const { run } = await import('./cli.ts');
await run(process.argv);
