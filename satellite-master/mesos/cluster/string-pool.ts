/** One copy of texts that come again and again: ids of agents and frameworks, names, states. */
const MOST = 200_000;

export class Names {
  readonly #texts = new Map<string, string>();

  same(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    // What is held keeps its copy; only the next ones are shared anew.
    if (this.#texts.size >= MOST) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
