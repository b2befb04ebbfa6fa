'use client';

import { useLinkStatus } from 'next/link';
import styles from './pending-mark.module.css';

/** Stands inside a link and shows, after a moment, that its page is still on its way. */
export function PendingMark() {
  const { pending } = useLinkStatus();
  return <span className={styles.mark} data-pending={pending || undefined} aria-hidden="true" />;
}
