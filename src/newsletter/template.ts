import { readFileSync } from 'node:fs';
import { inBuild } from '#build-output/build-folder.ts';

/** A mail's template, with placeholders such as `{{title}}` inside `{{#each posts}}…{{/each}}`. */
export type MailTemplate = { subject: string; html: string };

/** The file with the template that the build fetched: the key to fetch it is not available to the server. */
export const TEMPLATE_FILE = '.next/newsletter-template.json';

/** The template if no mail provider is configured. */
const DEFAULT_TEMPLATE: MailTemplate = {
  subject: 'New on Sealed',
  html: `<!doctype html>
<html lang="en">
<body style="margin:0;background:#f1ede4;color:#1d1b18;font:16px/1.6 Georgia,serif">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="table-layout:fixed"><tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="table-layout:fixed;max-width:560px;background:#faf8f4;border:1px solid #ddd6c8">
<tr><td style="padding:28px 28px 8px"><h1 style="margin:0;font-size:24px">New on Sealed</h1></td></tr>
{{#each posts}}
<tr><td style="padding:12px 28px;overflow-wrap:break-word"><p style="margin:0;color:#5f594f;font:13px/1.4 sans-serif">{{date}}</p>
<h2 style="margin:2px 0 4px;font-size:18px"><a href="{{url}}" style="color:#a3261c">{{title}}</a></h2>
<p style="margin:0">{{excerpt}}</p></td></tr>
{{/each}}
<tr><td style="padding:16px 28px 28px;color:#5f594f;font:13px/1.4 sans-serif">You receive this because you subscribed.</td></tr>
</table></td></tr></table>
</body>
</html>`,
};

/** The template that the build fetched from the mail provider, or else the default one. */
export function mailTemplate(): MailTemplate {
  try {
    return JSON.parse(readFileSync(inBuild(TEMPLATE_FILE), 'utf8'));
  } catch {
    return DEFAULT_TEMPLATE;
  }
}
