import { join } from 'node:path';
import { connectedSubjects } from '@affinis/evaluation';
import { readQuotedCsv } from '../support/tables.ts';
import { requireData } from '../support/workplace.ts';
import { writeCsv, writeLabels } from './labels.ts';

export const sentenceFiles = { train: 'text/stsb-en-train.csv', dev: 'text/stsb-en-dev.csv' } as const;

/** Judged this much alike, two sentences say the same. */
const sameFrom = 4;

/**
 * The sentences of STS-B train that dev does not hold (those that `text-student` was distilled on), those that say the same being one subject; and dev's pairs with
 * their grades, 0 to 5.
 */
export function writeSentences(folder: string): string {
  const [train, dev] = [readQuotedCsv(requireData(sentenceFiles.train)), readQuotedCsv(requireData(sentenceFiles.dev))];
  const unseen = new Set(dev.flatMap(([left = '', right = '']) => [words(left), words(right)]));
  const numbers = new Map<string, number>();
  const number = (sentence: string) => {
    const known = numbers.get(sentence) ?? numbers.size;
    numbers.set(sentence, known);
    return known;
  };
  const links = train
    .filter(([left = '', right = '']) => !unseen.has(words(left)) && !unseen.has(words(right)))
    .map(([left = '', right = '', grade]) => ({ left: number(left), right: number(right), grade: Number(grade) }))
    .filter(({ grade }) => grade >= sameFrom);
  const subjects = connectedSubjects(numbers.size, links);
  const labels = [...numbers].map(([sample, at]) => ({ sample, subject: String(subjects[at]) }));
  const pairs = dev.map(([left = '', right = '', score = '']) => [left, right, score]);
  writeCsv(join(folder, 'sentence-pairs.csv'), ['left', 'right', 'score'], pairs);
  return `${writeLabels(folder, 'sentences', 'text', labels)}\nsentence-pairs.csv: ${pairs.length} graded pairs`;
}

/** What two writings of one sentence share. */
const words = (sentence: string): string => (sentence.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ');
