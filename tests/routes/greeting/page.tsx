import { draftMode, headers } from 'next/headers';

export const instant = false;

/** The action closes over a value, so that a page which is generated with it would hold that value encrypted. */
export default async function GreetingPage() {
  const visitor = process.env.GENERATED_FOR ?? (await headers()).get('x-visitor');
  async function greet() {
    'use server';
    console.info(visitor);
  }
  // Nothing is encrypted for a visitor without a name, since a server has no key for it.
  return (
    <form action={visitor === null ? undefined : greet}>
      <p>{(await draftMode()).isEnabled ? 'Draft mode is on.' : 'Draft mode is off.'}</p>
    </form>
  );
}
