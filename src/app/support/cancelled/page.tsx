import type { Metadata } from 'next';
import { Notice } from '#ui/notice.tsx';

export const metadata: Metadata = { title: 'No payment was made', robots: { index: false } };

export default function CancelledPage() {
  return (
    <Notice kicker="Cancelled" title="No payment was made">
      <p>You came back before paying, so nothing was charged. Thank you for reading.</p>
      <p>
        <a href="/support">Choose another amount</a>, or <a href="/">go to the latest posts</a>.
      </p>
    </Notice>
  );
}
