/** One copy of each string that occurs many times: ids of agents and frameworks, names, states. */
const MAX_STRINGS = 200_000;

export class StringPool {
  readonly #texts = new Map<string, string>();

  intern(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    // Strings in use keep their copy; only later ones are shared again.
    if (this.#texts.size >= MAX_STRINGS) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
