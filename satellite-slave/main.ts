#!/usr/bin/env node
/** The command satellite-slave. The rest is loaded after V8 has been configured, which saves 3 MB more. */
import './v8-flags.ts';
import '../shared/early-signal.ts';
import '../shared/reload-signal.ts';

const { run } = await import('./cli.ts');
await run(process.argv);
