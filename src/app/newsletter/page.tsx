import type { Metadata } from 'next';
import { Newsletter } from '#newsletter/newsletter.tsx';

export const metadata: Metadata = { title: 'Newsletter' };

export default Newsletter;
