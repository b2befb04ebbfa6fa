import { readSecret } from '#secrets/index.ts';
import { Shown } from './shown.tsx';

export default function LeakingPage() {
  const { TRIED } = process.env;
  const text =
    TRIED === 'leaking'
      ? readSecret('EMAIL_API_KEY')?.value
      : TRIED === 'leaking-part'
        ? readSecret('DATABASE_URL')?.value.password
        : undefined;
  return <Shown text={text ?? 'nothing'} />;
}
