import { connection } from 'next/server';
import { readSecret } from '#secrets/index.ts';
import { Shown } from '../leaking/shown.tsx';

type Props = { searchParams: Promise<{ what?: string }> };

export const instant = false;

export default async function AskedPage({ searchParams }: Props) {
  await connection();
  const { what } = await searchParams;
  if (what === 'build secret') return <p>{readSecret('EMAIL_API_KEY')?.source}</p>;
  const key = readSecret('STRIPE_SECRET_KEY')?.value ?? 'none';
  if (what === 'leak') return <Shown text={key} />;
  if (what === 'error') throw new Error(`Stripe refused ${key}`);
  if (what === 'console') console.warn('the key is', { key });
  return <p>The key has {key.length} characters</p>;
}
