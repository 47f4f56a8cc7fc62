/** satellite-master/events/query */
export { type Query, QueryError } from './ast.ts';
export { compileQuery, type Predicate } from './compile.ts';
export { keysOf } from './keys.ts';
export { parseQuery } from './parse.ts';
