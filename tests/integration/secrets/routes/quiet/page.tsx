import { readSecret } from '#secrets/index.ts';

export default function QuietPage() {
  try {
    return <p>{process.env.TRIED === 'quiet' && readSecret('STRIPE_SECRET_KEY') ? 'Support' : 'Nothing'}</p>;
  } catch {
    return <p>Nothing</p>;
  }
}
