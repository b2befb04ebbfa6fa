export { answerImage as GET } from '#posts/stored-images.ts';
