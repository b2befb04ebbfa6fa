import { readSecret } from '#secrets/index.ts';

const key = process.env.TRIED === 'scope' ? readSecret('STRIPE_SECRET_KEY') : undefined;

export default function ScopePage() {
  return <p>{key ? 'Support' : 'Nothing'}</p>;
}
