import type { Metadata } from 'next';
import { SupportForm } from '#support/support-form.tsx';

export const metadata: Metadata = { title: 'Support this blog' };

export default SupportForm;
