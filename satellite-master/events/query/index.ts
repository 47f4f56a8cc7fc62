/** Riemann's query language: parsing, and compiling into a predicate on events. */
export { type Query, QueryError } from './ast.ts';
export { compileQuery, type Predicate } from './compile.ts';
export { keysOf } from './keys.ts';
export { parseQuery } from './parse.ts';
