export { answerSignIn as POST } from '#status/sign-in.ts';
