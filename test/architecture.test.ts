import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = dirname(import.meta.dirname);
const FILE_LINES_MAX = 250;
const FUNCTION_LINES_MAX = 60;

interface SourceFile {
  /** From the top of the repository, with forward slashes: `src/core/names.ts`. */
  readonly path: string;
  readonly lines: readonly string[];
  /** The lines with comments blanked out, and with the contents of strings blanked out too. */
  readonly code: readonly string[];
  /** What the file imports, as written. */
  readonly imports: readonly string[];
}

const sources = filesUnder('src');
const tests = filesUnder('test');

describe('imports form a star', () => {
  /**
   * Here the parts meet. Every folder of src but cli, companion, compose, config, core, app, files, std, yaml and testing is
   * an adapter; testing is for other programs, and knows nothing of this one.
   */
  const anything = /^src\/(?:(?:cli|companion|compose)\/.+|main\.ts)$/;

  /** The folders of src that a file may import from; undefined: all. */
  function reach(path: string): readonly string[] | undefined {
    if (anything.test(path)) return undefined;
    const [, folder = '', ...rest] = path.split('/');
    if (folder === 'config') return ['core', 'app', 'std', 'config'];
    if (rest.length === 0) return [];
    // What is no part of any domain, for whoever needs it.
    if (folder === 'std') return ['std'];
    if (folder === 'testing') return ['testing', 'std/resources.ts'];
    if (['core', 'files', 'yaml'].includes(folder)) return [folder, 'std'];
    // How the operator's files are read and complained about is shared by the adapters that have such files.
    return folder === 'app' ? ['core', 'app', 'std'] : ['core', 'app', 'std', 'files', 'yaml', folder];
  }

  it('core <- app <- each adapter <- compose', () => {
    expect(
      violations(sources, (file) => {
        const folders = reach(file.path);
        if (folders === undefined) return [];
        return targetsOf(file).filter(
          (target) =>
            !folders.some((folder) => target === `src/${folder}` || target.startsWith(`src/${folder}/`)),
        );
      }),
    ).toEqual([]);
  });

  it('core and app need no library and no part of Node, nor does what they take from std', () => {
    const layers = sources.filter(({ path }) => /^src\/(?:core|app)\//.test(path));
    const used = new Set(layers.flatMap(targetsOf));
    const inner = sources.filter((file) => layers.includes(file) || used.has(file.path));
    expect(violations(inner, ({ imports }) => imports.filter((name) => !name.startsWith('.')))).toEqual([]);
  });

  it('never come back to where they began, types included', () => {
    expect(circles([...sources, ...tests])).toEqual([]);
  });

  it('take nothing but types from node:http: a start has no time for all that it exports', () => {
    const isValue = (line: string) => /^import (?!type\b).*from 'node:http'/.test(line);
    const started = sources.filter(({ path }) => !path.startsWith('src/testing/'));
    expect(violations(started, ({ lines }) => lines.filter(isValue))).toEqual([]);
  });

  it('by the name of the file, its ending included', () => {
    const relative = (name: string) => name.startsWith('.') && !/\.(?:ts|js|json)$/.test(name);
    expect(violations([...sources, ...tests], ({ imports }) => imports.filter(relative))).toEqual([]);
  });
});

describe('the companion for tests', () => {
  it('is out of reach for everything but dev and the check of a seed', () => {
    const others = sources.filter(({ path }) => !/^src\/(?:companion\/.+|cli\/(?:dev|seed)\.ts)$/.test(path));
    const isCompanion = (target: string) => target.startsWith('src/companion/');
    expect(violations(others, (file) => targetsOf(file).filter(isCompanion))).toEqual([]);
  });
});

describe('core', () => {
  it('reads no clock, no random source and no process, and waits for nothing', () => {
    const core = sources.filter(({ path }) => path.startsWith('src/core/'));
    expect(core.length).toBeGreaterThan(0);
    const impure =
      /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\)|\bMath\.random\b|\bperformance\b|\bcrypto\b|\bprocess\b|\bawait\b|\basync\b|\bset(?:Timeout|Interval|Immediate)\b|\bfetch\b/;
    expect(violations(core, matching(impure))).toEqual([]);
  });
});

describe('randomness and the environment', () => {
  it('come from where the parts meet: another world may have others', () => {
    const below = sources.filter(
      ({ path }) => !/^src\/(?:companion\/|compose\/|main\.ts|function-templates\/|testing\/)/.test(path),
    );
    expect(violations(below, matching(/\bMath\.random\b|\bprocess\.env\b/))).toEqual([]);
  });
});

describe('changes', () => {
  it('go to the store from one place, which says who makes them', () => {
    const elsewhere = sources.filter(({ path }) => path !== 'src/app/change.ts');
    expect(violations(elsewhere, matching(/\bstore\.change\b/))).toEqual([]);
  });
});

describe('refusals that are nobody’s fault', () => {
  it('say why to the operator: their answer says nothing', () => {
    const silent = /SecretError\('unavailable'(?:, '')?\)/;
    expect(violations(sources, ({ lines }) => numbered(lines, silent))).toEqual([]);
  });
});

describe('cryptography', () => {
  it('makes ciphers in one file', () => {
    const elsewhere = sources.filter(({ path }) => path !== 'src/crypto/aead.ts');
    expect(violations(elsewhere, matching(/\bcreate(?:Cipher|Decipher)iv\b/))).toEqual([]);
  });
});

describe('the binding of SQLite', () => {
  it('opens databases in one file, which keeps what it makes', () => {
    const elsewhere = sources.filter(({ path }) => path !== 'src/storage/sqlite/engine/connection.ts');
    expect(violations(elsewhere, matching(/\bnew Database\(/))).toEqual([]);
  });

  it('is asked for rows at once: what iterates over them is recreated each time, and nobody keeps it', () => {
    expect(violations(sources, matching(/\.iterate\(/))).toEqual([]);
  });

  it('is never cut off in the middle of its work', () => {
    const storage = sources.filter(({ path }) => path.startsWith('src/storage/'));
    expect(violations(storage, matching(/\.terminate\(/))).toEqual([]);
  });
});

describe('files of the operator', () => {
  it('are read in one place, which looks at owner and mode: no adapter reads a file by itself', () => {
    const adapters = sources.filter(({ path }) =>
      /^src\/(?:(?:auth|crypto|http|webhook)\/|compose\/(?!descriptors))/.test(path),
    );
    expect(adapters.length).toBeGreaterThan(0);
    expect(
      violations(adapters, matching(/(?:(?<!\.)|\bfs\.)\b(?:readFile|readFileSync|createReadStream)\(/)),
    ).toEqual([]);
  });
});

describe('source files', () => {
  it(`have at most ${FILE_LINES_MAX} lines`, () => {
    const tooLong = ({ lines }: SourceFile) =>
      lines.length > FILE_LINES_MAX ? [`${lines.length} lines`] : [];
    expect(violations(sources, tooLong)).toEqual([]);
  });

  it(`have functions of at most ${FUNCTION_LINES_MAX} lines`, () => {
    expect(violations(sources, longFunctions)).toEqual([]);
  });

  it('export names, and no default', () => {
    const anonymous = /^\s*export\s+default\b|\bas\s+default\b|^\s*export\s*=/;
    expect(violations([...sources, ...tests], matching(anonymous))).toEqual([]);
  });

  it('say what every export is for', () => {
    expect(violations(sources, undocumentedExports)).toEqual([]);
  });

  it('leave nothing to be done', () => {
    const marker = new RegExp(`\\b(?:${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')})\\b`);
    expect(violations([...sources, ...tests], ({ lines }) => numbered(lines, marker))).toEqual([]);
  });

  it('do not write to the console', () => {
    expect(violations(sources, matching(/\bconsole\b/))).toEqual([]);
  });
});

describe('names', () => {
  it('of exported types and constants mean one thing; a use case may have the name of its rule', () => {
    const declaration =
      /^export\s+(?:(?:abstract|declare)\s+)*(?:class|interface|type|const|enum)\s+([A-Z]\w*)/;
    const files = new Map<string, Set<string>>();
    for (const { path, code } of sources) {
      for (const name of code.flatMap((line) => declaration.exec(line)?.[1] ?? []))
        files.set(name, (files.get(name) ?? new Set()).add(path));
    }
    expect([...files].filter(([, { size }]) => size > 1)).toEqual([]);
  });

  it('of files are used by someone: imported, or loaded by their URL', () => {
    const loaded = ({ path, lines }: SourceFile) =>
      [...lines.join('\n').matchAll(/new URL\('([^']+)'/g)].map(([, name]) =>
        posix.join(posix.dirname(path), name!),
      );
    const used = new Set([
      'src/main.ts',
      'src/testing/testing.ts',
      ...sources.flatMap(targetsOf),
      ...sources.flatMap(loaded),
    ]);
    expect(sources.map(({ path }) => path).filter((path) => !used.has(path))).toEqual([]);
  });
});

describe('comments', () => {
  it('refer to documents that are here', () => {
    const document = /(?<![\w./-])(?:docs\/adr\/\d[\w-]*(?:\.md)?|[\w/-]+\.md)(?![\w-])/g;
    const here = new Set(repositoryFiles());
    const absent = ({ lines }: SourceFile) =>
      lines.flatMap((line) => (line.match(document) ?? []).filter((name) => !here.has(name)));
    expect(violations([...sources, ...tests], absent)).toEqual([]);
  });

  it('and documents avoid turns of phrase that are no idiomatic English', () => {
    const turns =
      /\b(?:com(?:es?|ing) into being|came into being|in clear\b(?! text)|for want of|(?:go|goes|going|gone|went) on|taken up|told apart|tells? apart|by and by|leaves? out of account|henceforth|whereby|therein)\b/i;
    const texts = repositoryFiles().filter((path) =>
      /^(?:(?:src|test|docs)\/.*\.(?:ts|md)|[A-Z]+\.md)$/.test(path),
    );
    const found = texts
      .filter((path) => path !== 'test/architecture.test.ts')
      .flatMap((path) => numbered(linesOf(path), turns).map((line) => `${path}: ${line}`));
    expect(found).toEqual([]);
  });

  it('of the source and documents say returns, checks and skips, and caller or user, as technical writers do', () => {
    const turns =
      /\b(?:answers? (?:the|what|how|whether|undefined|true|false|its?)\b(?! (?:caller|request))|somebody|anybody|whoever|(?:told|tells?|telling) of|(?:is|are|was|were) told|h(?:angs?|anging) on|look(?:s|ed)? at|pass(?:ed|es)? over|fore(?:tell|told)|(?:at|in) one go|near enough|(?:takes?|taken) apart|makes? anew|made anew|sound (?:one|row|key|event)s?)\b/i;
    const comment = new RegExp(`^\\s*(?://|/?\\*).*${turns.source}`, 'i');
    const documents = repositoryFiles().filter((path) => /^(?:docs\/.*|[A-Z]+)\.md$/.test(path));
    expect(violations(sources, ({ lines }) => numbered(lines, comment))).toEqual([]);
    expect(
      documents.flatMap((path) => numbered(linesOf(path), turns).map((line) => `${path}: ${line}`)),
    ).toEqual([]);
  });
});

describe('tests', () => {
  it('are all run', () => {
    const partial = /\b(?:it|test|describe|suite|bench)(?:\.\w+)*\.(?:skip|only|todo)\b/;
    expect(violations(tests, matching(partial))).toEqual([]);
  });
});

describe('the repository', () => {
  it('does not know where it was made', () => {
    const place = `/${'work'}/`;
    const found = repositoryFiles().filter((path) =>
      readFileSync(join(ROOT, path), 'latin1').includes(place),
    );
    expect(found).toEqual([]);
  });
});

function filesUnder(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .filter((path) => path.endsWith('.ts') && !path.includes('/node_modules/'))
    .sort()
    .map((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8');
      const code = blanked(text);
      const lines = text.replace(/\n$/, '').split('\n');
      return { path, lines, code: code.split('\n'), imports: importsOf(text, code) };
    });
}

function linesOf(path: string): string[] {
  return readFileSync(join(ROOT, path), 'utf8').split('\n');
}

/** Committed files and those that would be. */
function repositoryFiles(): string[] {
  const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const paths = execFileSync('git', listed, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26 }).split('\0');
  return paths.filter(
    (path) => path !== '' && existsSync(join(ROOT, path)) && statSync(join(ROOT, path)).isFile(),
  );
}

function violations(files: readonly SourceFile[], find: (file: SourceFile) => readonly string[]): string[] {
  return files.flatMap((file) => find(file).map((found) => `${file.path}: ${found}`));
}

/** The files of the repository that a file imports. */
function targetsOf({ path, imports }: SourceFile): string[] {
  return imports.filter((name) => name.startsWith('.')).map((name) => posix.join(posix.dirname(path), name));
}

/** Finds the lines whose code, comments and strings apart, matches. */
function matching(pattern: RegExp): (file: SourceFile) => string[] {
  return ({ code }) => numbered(code, pattern);
}

/** One circle of imports for each file that is on any, from the file back to it. */
function circles(files: readonly SourceFile[]): string[] {
  const targets = new Map(files.map((file) => [file.path, targetsOf(file)]));
  const wayBack = (start: string): string | undefined => {
    const ways = new Map([[start, start]]);
    for (const [path, way] of ways) {
      for (const target of targets.get(path) ?? []) {
        if (target === start) return `${way} -> ${start}`;
        if (!ways.has(target)) ways.set(target, `${way} -> ${target}`);
      }
    }
    return undefined;
  };
  return files.flatMap(({ path }) => wayBack(path) ?? []);
}

function numbered(lines: readonly string[], pattern: RegExp): string[] {
  return lines.flatMap((line, index) => (pattern.test(line) ? [`line ${index + 1}: ${line.trim()}`] : []));
}

/** Text of the same shape in which comments, strings and regular expressions are blank. What a template embeds is code. */
function blanked(text: string): string {
  const comment = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/;
  const string = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/;
  // A slash that follows an operator starts a regular expression; after a value it divides.
  const regex =
    /(?<=[=(,:?!&|[{;]\s*|=>\s*|\breturn\s+)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//;
  const any = new RegExp([comment, string, regex].map(({ source }) => source).join('|'), 'g');
  return text.replace(any, (part) => {
    const kept = part.startsWith('`') ? /\$\{[^}]*\}|[^\n]/g : /[^\n]/g;
    return part.replace(kept, (piece) => (piece.length > 1 ? piece : ' '));
  });
}

/** Static, dynamic and re-exporting imports that are code, and not part of a comment or a string. */
function importsOf(text: string, code: string): string[] {
  const clause = /(?<![.\w])(?:from\s*|import\s*\(?\s*)(['"])([^'"\n]+)\1/g;
  return [...text.matchAll(clause)].flatMap((found) =>
    /^(?:from|import)\b/.test(code.slice(found.index)) ? [found[2]!] : [],
  );
}

/** Relies on the formatter: what opens a block on a line is closed by the first line of the same indentation. */
function longFunctions({ code }: SourceFile): string[] {
  const declared = /^\s*(?:export\s+)?(?:async\s+)?function\b/;
  const method =
    /^\s+(?:(?:static|async|override|get|set|private|protected|public)\s+|\*|#)*(?!(?:if|for|while|switch|catch|return|function|await|new)\b)[\w$]+(?:<[^>]*>)?\(.*$/;
  const arrow = /=>\s*\{$/;
  return code.flatMap((line, start) => {
    if (!declared.test(line) && !arrow.test(line) && !method.test(line)) return [];
    const indentation = /^\s*/.exec(line)![0];
    const closing = new RegExp(`^${indentation}\\}(?!.*\\{\\s*$)`);
    const isCall = !declared.test(line) && !arrow.test(line) && !opensBlock(code, start, indentation);
    const length = isCall
      ? 0
      : code.slice(start).findIndex((later, offset) => offset > 0 && closing.test(later)) + 1;
    return length > FUNCTION_LINES_MAX ? [`line ${start + 1}: ${length} lines: ${line.trim()}`] : [];
  });
}

/** True for a method, whose head ends with `{`; false for a call, which looks the same so far. */
function opensBlock(code: readonly string[], start: number, indentation: string): boolean {
  if (/\{\s*$/.test(code[start]!)) return true;
  const headEnd = code.slice(start + 1).find((line) => line.startsWith(`${indentation})`));
  return headEnd !== undefined && /\)(?::.*)?\s*\{\s*$/.test(headEnd);
}

/**
 * Exports without a docstring right above. One docstring may speak for several exports in a row, and a type on one line
 * and a re-export speak for themselves.
 */
function undocumentedExports({ lines, code }: SourceFile): string[] {
  const declaration =
    /^export\s+(?:(?:abstract|async|declare)\s+)*(?:function|class|interface|type|const|let|enum)\b/;
  const oneLineType = /^export\s+type\s+[^{]*;$/;
  const isDocumented = (index: number): boolean => {
    const above = lines[index - 1]?.trim() ?? '';
    return (
      above.endsWith('*/') || (declaration.test(above) && above.endsWith(';') && isDocumented(index - 1))
    );
  };
  return code.flatMap((line, index) => {
    if (!declaration.test(line) || oneLineType.test(lines[index]!) || isDocumented(index)) return [];
    return [`line ${index + 1}: ${lines[index]!.trim()}`];
  });
}
