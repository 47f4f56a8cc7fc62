import { ServerProcess } from './server-process.ts';

/** A process of the Java machine that cannot outlive the tests. */
export class JavaProcess extends ServerProcess {
  /** @param words all that stands behind `java` */
  constructor(words: readonly string[]) {
    super(['java', ...words]);
  }
}
