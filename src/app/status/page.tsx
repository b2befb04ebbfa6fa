import type { Metadata } from 'next';
import { cookies, headers } from 'next/headers';
import { STATUS_COOKIE, statusAccess } from '#status/access.ts';
import { NoStatus } from '#status/no-status.tsx';
import { statusReport } from '#status/report.ts';
import { SignInForm } from '#status/sign-in-form.tsx';
import { StatusTable } from '#status/status-table.tsx';

type Props = { searchParams: Promise<Record<string, string | string[] | undefined>> };

/** Nothing of it can be made ahead. */
export const instant = false;

export const metadata: Metadata = { title: 'Status', robots: { index: false } };

export default async function StatusPage({ searchParams }: Props) {
  const access = statusAccess(await headers(), (await cookies()).get(STATUS_COOKIE)?.value);
  if (access === 'off') return <NoStatus />;
  if (access === 'denied') return <SignInForm refused={'refused' in (await searchParams)} />;
  return <StatusTable report={statusReport()} />;
}
