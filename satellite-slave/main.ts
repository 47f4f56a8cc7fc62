#!/usr/bin/env node
/** The command satellite-slave. All else is loaded only when V8 has been told to stay small, which saves 3 MB more. */
import '../shared/early-signal.ts';
import './v8-flags.ts';

const { run } = await import('./cli.ts');
await run(process.argv);
