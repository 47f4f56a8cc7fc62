/** What code and pages cite is there: documents, headings, numbered rules, and links between the pages. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const SOURCES = ['bench', 'config', 'demo', 'docs', 'satellite-master', 'satellite-slave', 'scripts', 'shared', 'test'];
const files = [
  ...readdirSync('.').filter((name) => name.includes('.')),
  ...SOURCES.flatMap((folder) =>
    readdirSync(folder, { encoding: 'utf8', recursive: true }).map((name) => join(folder, name)),
  ),
];
const code = files.filter((path) => /\.(ts|mjs|sh)$/.test(path) && path !== 'test/docs/references.test.ts');
const pages = files.filter((path) => path.endsWith('.md') && !path.startsWith('test/fixtures/'));

/** The number of a rule, alone or in a list such as "8-14, 25". */
const NUMBER = String.raw`\d+[a-z]?`;
const LIST = `${NUMBER}(?:-${NUMBER})?(?:(?:, | and )${NUMBER}(?:-${NUMBER})?)*`;

const ruleNumbers = new Set(
  [...readFileSync('docs/judgement.md', 'utf8').matchAll(/^### Rule (\S+)$|<a id="rule-(\S+?)">/gm)].map(
    ([, heading, anchor]) => heading ?? anchor,
  ),
);

interface Citation {
  readonly path: string;
  readonly text: string;
}

/** Line breaks and the signs of comments and markdown tables do not separate the words of a citation. */
function flat(path: string): string {
  return readFileSync(path, 'utf8').replace(/\n\s*(?:\*|\/\/|#|\|)?\s*/g, ' ');
}

function citations(paths: readonly string[], pattern: RegExp): Citation[] {
  return paths.flatMap((path) => [...flat(path).matchAll(pattern)].map(([text]) => ({ path, text })));
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function headingsOf(page: string): string[] {
  const text = readFileSync(page, 'utf8').replace(/^```.*?^```/gms, '');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
}

function anchorsOf(page: string): Set<string> {
  const named = [...readFileSync(page, 'utf8').matchAll(/<a id="(\S+?)">/g)].map(([, id = '']) => id);
  return new Set([...headingsOf(page).map(anchorOf), ...named]);
}

test('every document that code cites is in the repository, under its full path', () => {
  const cited = citations(code, /[\w./-]+\.md\b/g).filter(({ text }) => !text.startsWith('/'));
  expect(cited.length).toBeGreaterThan(50);
  // Built files lie a folder deeper, so that a path that climbs counts from the root.
  const isThere = ({ path, text }: Citation) =>
    existsSync(text.replace(/^(\.\.\/)+/, '')) || existsSync(join(dirname(path), text));
  expect(cited.filter((citation) => !isThere(citation))).toEqual([]);
});

test('every rule that is cited has that number in docs/judgement.md', () => {
  expect(ruleNumbers.size).toBeGreaterThan(40);
  const cited = citations(code, new RegExp(String.raw`\brules? ${LIST}`, 'g'));
  const unknown = cited.filter(({ text }) =>
    [...text.matchAll(new RegExp(NUMBER, 'g'))].some(([number]) => !ruleNumbers.has(number)),
  );
  expect(unknown).toEqual([]);
  expect(citations(code, /judgement\.md,? \d/g)).toEqual([]);
});

test('every heading that code cites beside a document is one of its headings', () => {
  const cited = citations(code, /docs\/[\w-]+\.md, "[^"]+"/g);
  expect(cited.length).toBeGreaterThan(10);
  const unknown = cited.filter(({ text }) => {
    const [, page = '', heading = ''] = /^(\S+), "(.+)"$/.exec(text.replaceAll("\\'", "'")) ?? [];
    return !headingsOf(page).includes(heading);
  });
  expect(unknown).toEqual([]);
});

test('every sentence that the vectors quote from docs stands there', () => {
  const quoted = citations(code, /docs\/[\w-]+\.md(?:, (?:"[^"]+"|rule \w+))?: "[^"]+"/g);
  expect(quoted.length).toBeGreaterThan(10);
  const unknown = quoted.filter(({ text }) => {
    const [, page = '', sentence = ''] = /^(docs\/[\w-]+\.md).*: "(.+)"$/.exec(text.replaceAll("\\'", "'")) ?? [];
    return !flat(page).includes(sentence.replace(/\.$/, ''));
  });
  expect(unknown).toEqual([]);
});

describe('links between pages', () => {
  test.each(pages)('%s', (page) => {
    const text = readFileSync(page, 'utf8').replace(/^```.*?^```/gms, '');
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      return !existsSync(target) || (anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor));
    });
    expect(broken).toEqual([]);
  });
});
