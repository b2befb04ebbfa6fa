import { readSecret } from '#secrets/index.ts';

export default function PayingPage() {
  return <p>{process.env.TRIED === 'paying' && readSecret('STRIPE_SECRET_KEY') ? 'Support' : 'Nothing'}</p>;
}
