export { answerRevalidation as POST } from '#posts/revalidation.ts';
