export { answerStatusJson as GET } from '#status/status-json.ts';
