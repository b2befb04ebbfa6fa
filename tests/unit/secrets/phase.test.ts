import { describe, expect, it } from 'vitest';
import { currentPhase, phaseVariables } from '#secrets/phase.ts';

describe('currentPhase', () => {
  it.each([
    ['compile', phaseVariables('compile', '')],
    ['generate', phaseVariables('generate', '')],
    ['generate', { NEXT_PHASE: 'phase-production-build', NODE_ENV: 'production' }],
    ['development', { NODE_ENV: 'development' }],
    ['run', { NODE_ENV: 'production' }],
    ['run', {}],
  ])('is %s with %j', (phase, variables) => {
    expect(currentPhase(variables)).toBe(phase);
  });

  it('accepts no other value of the build as a phase', () => {
    expect(currentPhase({ SEALED_PHASE: 'development' })).toBe('run');
  });
});
