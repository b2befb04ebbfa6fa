import { render, screen, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { RenderedPage } from '#page-cache/renders.ts';
import type { StatusReport } from '#status/report.ts';
import { StatusTable } from '#status/status-table.tsx';

const at = new Date('2026-06-01T23:30:05Z');
const built = { at, database: '0123456789ab', revision: '0123456789abcdef' };
const state = {
  phases: 'run',
  need: 'optional',
  source: undefined,
  fingerprint: undefined,
  problem: undefined,
};

const report = (other: Partial<StatusReport> = {}): StatusReport => ({
  secrets: [
    { ...state, name: 'AUTH_SECRET', source: 'the variable AUTH_SECRET', fingerprint: '0123456789' },
    { ...state, name: 'STRIPE_SECRET_KEY', problem: 'STRIPE_SECRET_KEY: it is a directory.' },
    { ...state, name: 'STATUS_TOKEN' },
    { ...state, name: 'EMAIL_API_KEY', phases: 'build', need: 'unused' },
  ] as StatusReport['secrets'],
  store: undefined,
  database: 'reachable',
  pages: { inImage: { ...built, paths: ['/', '/posts/a'] }, later: [] },
  process: { startedAt: at, versions: { sealed: '1.2.3', next: '16.0.0', node: '26.0.0' } },
  ...other,
});

/** The description beside a term. */
const beside = (term: string) => screen.getByText(term).closest('div')?.querySelector('dd')?.textContent;

describe('StatusTable', () => {
  it('shows where each secret is and what is wrong with it', () => {
    render(<StatusTable report={report()} />);
    expect(beside('AUTH_SECRET')).toBe('the variable AUTH_SECRETrun · optional · 0123456789');
    expect(beside('STRIPE_SECRET_KEY')).toContain('invalidrun · optionalSTRIPE_SECRET_KEY: it is a direc');
    expect(beside('STATUS_TOKEN')).toBe('not setrun · optional');
    expect(beside('EMAIL_API_KEY')).toBe('not read at run timebuild');
    expect(beside('Versions')).toBe('Sealed 1.2.3, Next.js 16.0.0, Node.js 26.0.0');
  });

  it('shows when the store returned its values, and what has failed since', () => {
    render(
      <StatusTable report={report({ store: { name: 'Vault', readAt: at, problem: 'Vault is sealed.' } })} />,
    );
    expect(beside('Vault')).toBe('last read at 2026-06-01 23:30:05 UTCVault is sealed.');
  });

  it('counts a thousand pages, and lists them on request', () => {
    const paths = Array.from({ length: 1_000 }, (_, page) => `/posts/${page}`);
    render(<StatusTable report={report({ pages: { inImage: { ...built, paths }, later: [] } })} />);
    const details = screen.getByText(/^1000 pages as prerendered with the image/).closest('details');
    expect(details?.open).toBe(false);
    expect(details?.querySelectorAll('a')).toHaveLength(1_000);
  });

  it('shows which database and which content the pages of the image were generated from', () => {
    render(<StatusTable report={report()} />);
    const [summary] = screen.getAllByText(/^2 pages as prerendered with the image/);
    expect(summary?.textContent).toContain('from database 0123456789ab, revision 0123456789abcdef');
  });

  it('shows why this process rendered a page', () => {
    const later: RenderedPage[] = [
      { path: '/', at, reason: 'content changed' },
      { path: '/posts/new', at, reason: 'first read' },
    ];
    render(<StatusTable report={report({ pages: { inImage: undefined, later } })} />);
    expect(screen.getByText('None was prerendered.')).toBeTruthy();
    const [changed, first] = within(
      screen.getByText('2 pages rendered by this process').closest('details') ?? document.body,
    ).getAllByRole('listitem');
    expect(changed?.textContent).toBe('/ content changed, at 2026-06-01 23:30:05 UTC');
    expect(first?.textContent).toBe('/posts/new first read, at 2026-06-01 23:30:05 UTC');
  });
});
