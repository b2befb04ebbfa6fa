'use client';

export function Shown({ text }: { text: string }) {
  return <p>{text}</p>;
}
