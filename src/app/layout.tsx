import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import '#secrets/taint.ts';
import '#ui/theme.css';
import { INCOMPLETE, ORIGIN_PLACEHOLDER } from '#page-cache/placeholders.ts';
import { navigationLinks } from '#posts/navigation-links.ts';
import { PageFrame } from '#ui/page-frame.tsx';

export const metadata: Metadata = {
  metadataBase: new URL(ORIGIN_PLACEHOLDER),
  alternates: { canonical: './' },
  title: { default: 'Sealed', template: '%s · Sealed' },
  description: 'Notes on build-time and run-time secrets, from a blog whose image carries none.',
};

export const viewport: Viewport = {
  colorScheme: 'light dark',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#faf8f4' },
    { media: '(prefers-color-scheme: dark)', color: '#16171a' },
  ],
};

export default async function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <PageFrame navigation={await navigationLinks()} incomplete={{ [INCOMPLETE]: '' }}>
          {children}
        </PageFrame>
      </body>
    </html>
  );
}
