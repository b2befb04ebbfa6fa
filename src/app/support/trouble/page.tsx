import type { Metadata } from 'next';
import { Notice } from '#ui/notice.tsx';

export const metadata: Metadata = { title: 'No payment was started', robots: { index: false } };

export default function PaymentTroublePage() {
  return (
    <Notice kicker="Nothing was charged" title="No payment was started">
      <p>The payment service didn’t accept the request. This often lasts only a moment.</p>
      <p>
        <a href="/support">Try again</a>
      </p>
    </Notice>
  );
}
