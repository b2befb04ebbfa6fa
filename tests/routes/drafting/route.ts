import { draftMode } from 'next/headers';
import { connection } from 'next/server';

export async function GET(): Promise<Response> {
  await connection();
  const draft = await draftMode();
  draft.enable();
  return new Response('Draft mode is on.\n');
}
