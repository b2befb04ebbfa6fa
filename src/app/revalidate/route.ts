export { answerRevalidation as POST } from '#revalidation/revalidation.ts';
