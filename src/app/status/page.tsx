import type { Metadata } from 'next';
import { cookies, headers } from 'next/headers';
import { notFound } from 'next/navigation';
import { STATUS_COOKIE, statusAccess } from '#status/access.ts';
import { statusReport } from '#status/report.ts';
import { SignInForm } from '#status/sign-in-form.tsx';
import { StatusTable } from '#status/status-table.tsx';

type Props = { searchParams: Promise<Record<string, string | string[] | undefined>> };

/** No part of this page can be prerendered. `src/serving/status.ts` sets the status code of the response. */
export const instant = false;

export const metadata: Metadata = { title: 'Status', robots: { index: false } };

export default async function StatusPage({ searchParams }: Props) {
  const authorization = (await headers()).get('authorization');
  const access = statusAccess(authorization, (await cookies()).get(STATUS_COOKIE)?.value);
  if (access === 'off') notFound();
  if (access === 'denied') return <SignInForm refused={'refused' in (await searchParams)} />;
  return <StatusTable report={statusReport()} />;
}
