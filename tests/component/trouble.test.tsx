import { fireEvent, render, screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { Trouble } from '#ui/trouble.tsx';

describe('Trouble', () => {
  it('tries again when asked to, and shows nothing of the error', () => {
    const reset = vi.fn();
    render(<Trouble error={new Error('postgresql://blog:change-me@db/blog')} reset={reset} />);
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(reset).toHaveBeenCalledOnce();
    expect(document.body.textContent).not.toContain('change-me');
  });
});
