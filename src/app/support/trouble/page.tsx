import type { Metadata } from 'next';
import { Notice } from '#ui/notice.tsx';

export const metadata: Metadata = { title: 'No payment was started', robots: { index: false } };

export default function PaymentTroublePage() {
  return (
    <Notice kicker="Nothing was charged" title="No payment was started">
      <p>The payment service did not take the request. It is often only for a moment.</p>
      <p>
        <a href="/support">Try it again</a>
      </p>
    </Notice>
  );
}
