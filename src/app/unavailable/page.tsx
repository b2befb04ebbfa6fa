import type { Metadata } from 'next';
import { Unavailable } from '#ui/unavailable.tsx';

export const metadata: Metadata = { title: 'Temporarily unavailable', robots: { index: false } };

export default Unavailable;
