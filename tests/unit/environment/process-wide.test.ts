import { describe, expect, it, vi } from 'vitest';
import { processWide } from '#environment/process-wide.ts';

describe('processWide', () => {
  it('creates a value once', () => {
    const make = vi.fn(() => ({}));
    const value = processWide('a test: once', make);
    expect(processWide('a test: once', make)).toBe(value);
    expect(make).toHaveBeenCalledOnce();
  });

  it('remembers a value that is undefined', () => {
    const make = vi.fn(() => undefined);
    processWide('a test: undefined', make);
    processWide('a test: undefined', make);
    expect(make).toHaveBeenCalledOnce();
  });

  it('returns the same value to another bundle in the process', async () => {
    const value = processWide('a test: bundles', () => ({}));
    vi.resetModules();
    const bundle = await import('#environment/process-wide.ts');
    expect(bundle.processWide).not.toBe(processWide);
    expect(bundle.processWide('a test: bundles', () => ({}))).toBe(value);
  });
});
