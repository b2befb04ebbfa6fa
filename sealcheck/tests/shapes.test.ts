import { describe, expect, it } from 'vitest';
import { searchBytes } from '../src/search/search.ts';
import { secretsOfLines } from '../src/secrets/declare.ts';
import { prepare } from '../src/secrets/prepare.ts';
import { shapes } from './shapes.ts';

const others = new Map(shapes().map(({ name, text }) => [name, text]));

describe.each(shapes())('$name', ({ name, text }) => {
  const secrets = name.endsWith('.env')
    ? secretsOfLines(text, name)
    : [{ id: 'config', value: Buffer.from(text), origin: name }];
  const { search, unsearchable, warnings } = prepare(secrets);

  it('is found where its secrets are, and asks for nothing', () => {
    expect(searchBytes(search, Buffer.from(text))).not.toEqual([]);
    expect(unsearchable).toEqual([]);
    expect(warnings.filter((warning) => !warning.includes('no secrets by their names'))).toEqual([]);
  });

  it('is not found where all else is the same', () => {
    expect(searchBytes(search, Buffer.from(others.get(name) ?? ''))).toEqual([]);
  });
});

it('there are 50 of them', () => {
  expect(others.size).toBe(50);
});
