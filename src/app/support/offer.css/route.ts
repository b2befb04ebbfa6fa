export { answerOfferStyles as GET } from '#support/offer.ts';
