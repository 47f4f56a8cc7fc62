/**
 * Reads the figures of `/metrics/snapshot`, one flat JSON object, as its bytes arrive. An answer of any length is read;
 * bounded is how many figures are kept. A master has thousands of figures for each framework that ever registered.
 */
import { StringDecoder } from 'node:string_decoder';

/** Kept at most; the figures of single frameworks make room for the others. */
export const MAX_FIGURES = 10_000;
/** One member of the object, name and value. */
const MAX_MEMBER_CHARACTERS = 16_384;
const MEMBER = /\s*"((?:[^"\\]|\\.)*)"\s*:\s*(?:"(?:[^"\\]|\\.)*"|\{[^{}]*\}|\[[^[\]]*\]|([-+\w.]+))\s*([,}])/y;
const BLANK = /^\s*$/;

export class FiguresReader {
  readonly #decoder = new StringDecoder('utf8');
  readonly #figures = new Map<string, number>();
  /** Those of single frameworks, which are left out first. */
  readonly #ofFrameworks: string[] = [];
  #text = '';
  #place: 'before' | 'opened' | 'within' | 'behind' = 'before';

  /** @throws SyntaxError where it is no flat JSON object */
  write(chunk: Buffer): void {
    this.#read(this.#text + this.#decoder.write(chunk));
    if (this.#text.length > MAX_MEMBER_CHARACTERS)
      throw new SyntaxError('no JSON object with one figure after another');
  }

  /** @throws SyntaxError where it is no JSON object, or not all of one */
  end(): ReadonlyMap<string, number> {
    this.#read(this.#text + this.#decoder.end());
    if (this.#place !== 'behind' || !BLANK.test(this.#text)) throw new SyntaxError('no JSON object, or not all of one');
    return this.#figures;
  }

  #read(text: string): void {
    let at = 0;
    if (this.#place === 'before' || this.#place === 'opened') at = this.#open(text);
    while (this.#place === 'within') {
      MEMBER.lastIndex = at;
      const member = MEMBER.exec(text);
      if (!member) break;
      at += member[0].length;
      if (member[3] === '}') this.#place = 'behind';
      const figure = Number(member[2]);
      if (member[2] !== undefined && Number.isFinite(figure)) this.#keep(nameOf(member[1] ?? ''), figure);
    }
    this.#text = text.slice(at);
  }

  /** Reads `{`, and the `}` of an empty object. @returns where the members begin */
  #open(text: string): number {
    let at = 0;
    for (const character of text) {
      if (!BLANK.test(character)) {
        if (this.#place === 'before' && character === '{') this.#place = 'opened';
        else if (this.#place === 'opened' && character === '}') this.#place = 'behind';
        else if (this.#place === 'opened') this.#place = 'within';
        else throw new SyntaxError('no JSON object');
      }
      if (this.#place === 'within') return at;
      at += character.length;
      if (this.#place === 'behind') return at;
    }
    return at;
  }

  #keep(name: string, figure: number): void {
    const isOfFramework = name.startsWith('master/frameworks/');
    if (this.#figures.size >= MAX_FIGURES && !this.#figures.has(name)) {
      const last = isOfFramework ? undefined : this.#ofFrameworks.pop();
      if (last === undefined) return;
      this.#figures.delete(last);
    }
    if (isOfFramework) this.#ofFrameworks.push(name);
    this.#figures.set(name, figure);
  }
}

function nameOf(quoted: string): string {
  return quoted.includes('\\') ? (JSON.parse(`"${quoted}"`) as string) : quoted;
}
