export { answerCheckout as POST } from '#support/checkout.ts';
