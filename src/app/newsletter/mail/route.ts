export { answerMail as GET } from '#newsletter/mail-document.ts';
