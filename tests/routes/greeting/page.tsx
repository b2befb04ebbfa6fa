import { cookies, draftMode, headers } from 'next/headers';
import { Suspense } from 'react';

export default function GreetingPage() {
  return (
    <Suspense>
      <Greeting />
    </Suspense>
  );
}

/** The action closes over a value, so Next.js sends that value out encrypted, and takes it back. */
async function Greeting() {
  const visitor = process.env.GENERATED_FOR ?? (await headers()).get('x-visitor') ?? 'nobody';
  const { isEnabled } = await draftMode();
  async function greet() {
    'use server';
    (await cookies()).set('greeted', visitor);
  }
  return (
    <form action={greet}>
      <p>{isEnabled ? 'Draft mode is on.' : 'Draft mode is off.'}</p>
      <button type="submit">Greet</button>
    </form>
  );
}
