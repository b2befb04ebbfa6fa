import type { Metadata } from 'next';
import { Notice } from '#ui/notice.tsx';

export const metadata: Metadata = { title: 'Thank you', robots: { index: false } };

export default function ThanksPage() {
  return (
    <Notice kicker="Received" title="Thank you">
      <p>Your support keeps this blog free of ads. Stripe will send you a receipt.</p>
      <p>
        <a href="/">Go to the latest posts</a>
      </p>
    </Notice>
  );
}
