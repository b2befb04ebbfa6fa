import { parseEnv } from 'node:util';
import { parseXml, XmlElement, XmlText } from '@rgrove/parse-xml';
import { parse as parseIni } from 'ini';
import { parse as parseToml } from 'smol-toml';
import { parseAllDocuments } from 'yaml';

/** A value in a structured file. `path` leads to it, as in `database.password`. */
export type Leaf = { path: string; value: string };

/** Reads a file of one format; undefined or an error means that it has another format. */
type Format = { name: string; read(text: string): Leaf[] | undefined };

const deepest = 12;
const isComment = (line: string): boolean => /^\s*(?:[#;!]|\/\/\s|$)/.test(line);
const meaningful = (text: string): string[] => text.split(/\r?\n/).filter((line) => !isComment(line));

// A document in a variable or a string of another.
function structuredJson(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function leavesOf(value: unknown, path = '', depth = 0): Leaf[] {
  if (typeof value === 'string' && /^\s*[{[]/.test(value)) {
    const inner = structuredJson(value);
    if (inner) return leavesOf(inner, path, depth + 1);
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return [{ path, value: String(value) }];
  if (typeof value !== 'object' || value === null || depth > deepest) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    leavesOf(child, path ? `${path}.${key}` : key, depth + 1),
  );
}

function structured(value: unknown): Leaf[] | undefined {
  return typeof value === 'object' && value !== null ? leavesOf(value) : undefined;
}

// <password>x</password>, <add key="Password" value="x"/> and <connection string="x"/> alike.
function leavesOfXml(element: XmlElement, path: string): Leaf[] {
  const { key, name, value } = element.attributes;
  const own = `${path}${path ? '.' : ''}${element.name}`;
  const leaves = Object.entries(element.attributes)
    .filter(([attribute]) => attribute !== 'key' && attribute !== 'name')
    .map(([attribute, text]) => ({
      path:
        attribute === 'value' && (key ?? name) !== undefined
          ? `${path}.${key ?? name}`
          : `${own}.${attribute}`,
      value: text,
    }));
  const text = element.children
    .flatMap((child) => (child instanceof XmlText ? child.text : []))
    .join('')
    .trim();
  if (text && value === undefined) leaves.push({ path: own, value: text });
  const inner = element.children.filter((child) => child instanceof XmlElement);
  return [...leaves, ...inner.flatMap((child) => leavesOfXml(child, own))];
}

// https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html
function netrc(text: string): Leaf[] | undefined {
  const tokens =
    meaningful(text)
      .join('\n')
      .match(/"(?:\\.|[^"\\])*"|\S+/g) ?? [];
  if (!/^(?:machine|default)$/.test(tokens[0] ?? '')) return undefined;
  const leaves: Leaf[] = [];
  let machine = 'default';
  for (const [at, token] of tokens.entries()) {
    const value = (tokens[at + 1] ?? '').replace(/^"(.*)"$/, '$1').replace(/\\(.)/g, '$1');
    if (token === 'machine') machine = value;
    else if (/^(?:login|password|account)$/.test(token)) leaves.push({ path: `${machine}.${token}`, value });
  }
  return leaves;
}

// https://www.postgresql.org/docs/current/libpq-pgpass.html
function pgpass(text: string): Leaf[] | undefined {
  const lines = meaningful(text).map((line) =>
    line.trim().match(/^((?:\\.|[^:\\])*):(\d+|\*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):(.*)$/),
  );
  if (lines.length === 0 || lines.some((fields) => fields === null)) return undefined;
  return lines.map((fields) => ({
    path: `${fields?.[1]}.password`,
    value: (fields?.[5] ?? '').replace(/\\([:\\])/g, '$1'),
  }));
}

const assignment = /^\s*(?:export\s+|set\s+|\$env:)?([\w.$/:@~-]+(?:\[[^\]]*\])?)\s*[=:]/i;
const section = /^\s*\[[^\]]*\]\s*$/;

/** The assignments of a text, each as a shell, Docker, and INI and properties readers understand it. */
export function readAssignments(text: string): Leaf[] | undefined {
  const lines = meaningful(text);
  const assigned = lines.filter((line) => assignment.test(line) || section.test(line));
  if (assigned.length === 0 || !lines.some((line) => line.includes('=') || section.test(line)))
    return undefined;
  const leaves = leavesOf(parseEnv(text));
  if (lines.some((line) => section.test(line)))
    leaves.push(...leavesOf(parseIni(lines.map(withEquals).join('\n'))));
  for (const line of lines) {
    const path = assignment.exec(line)?.[1];
    if (path === undefined) continue;
    const value = line.replace(assignment, '').trim();
    const quoted = /^(["'])(.*?)\1\s*(?:[#;].*)?$/.exec(value)?.[2];
    leaves.push(...leavesOf(quoted ?? value.replace(/\s+[#;].*$/, '').replace(/;$/, ''), path));
    // Docker reads a comment as part of the value.
    if (quoted === undefined) leaves.push({ path, value });
  }
  return leaves;
}

const withEquals = (line: string): string =>
  section.test(line) || /^[^:]*=/.test(line) || line.includes('://') ? line : line.replace(/:\s*/, '=');

const looksLikeUrl = (line: string): boolean => /^\s*(?:jdbc:)?[a-z][a-z0-9+.-]*:\/\/\S+\s*$/i.test(line);

const formats: readonly Format[] = [
  { name: 'JSON', read: (text) => structured(JSON.parse(text)) },
  { name: 'JSON lines', read: (text) => structured(meaningful(text).map((line) => JSON.parse(line))) },
  {
    name: 'XML',
    read(text) {
      const root = text.trimStart().startsWith('<') ? parseXml(text.trimStart()).root : null;
      return root ? leavesOfXml(root, '') : undefined;
    },
  },
  { name: 'netrc', read: netrc },
  { name: 'pgpass', read: pgpass },
  {
    name: 'list of URLs',
    read: (text) =>
      meaningful(text).every(looksLikeUrl)
        ? meaningful(text).map((line, at) => ({ path: `line ${at + 1}`, value: line.trim() }))
        : undefined,
  },
  { name: 'TOML', read: (text) => (/=/.test(text) ? structured(parseToml(text)) : undefined) },
  {
    name: 'YAML',
    read(text) {
      const documents = parseAllDocuments(text, { logLevel: 'silent' });
      if (documents.length === 0 || documents.some(({ errors }) => errors.length > 0)) return undefined;
      const values = documents
        .map((document) => document.toJS() as unknown)
        .filter((value) => value !== null);
      return values.every((value) => typeof value === 'object')
        ? leavesOf(values.length === 1 ? values[0] : values)
        : undefined;
    },
  },
  { name: 'assignments', read: readAssignments },
];

/** Parses a structured text in any known format; undefined if it is in none of them. */
export function readStructured(text: string): { format: string; leaves: Leaf[] } | undefined {
  for (const { name, read } of formats) {
    try {
      const leaves = read(text)?.filter(({ value }) => value.trim() !== '');
      if (leaves && leaves.length > 0) return { format: name, leaves };
    } catch {
      // Another format, then.
    }
  }
  return undefined;
}
