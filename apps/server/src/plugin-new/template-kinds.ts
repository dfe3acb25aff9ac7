import { AffinisError } from '@affinis/core';

/** What `affinis plugin new` writes. */
export const templateKinds = { typescript: ['metric', 'embedder'] } as const;

export type TemplateLanguage = keyof typeof templateKinds;

export interface TemplateKind {
  readonly language: TemplateLanguage;
  readonly kind: (typeof templateKinds)['typescript'][number];
}

export const languages = Object.keys(templateKinds) as readonly TemplateLanguage[];

/** Throws `invalid-argument` for a pair that there is no template for, with those that there are. */
export function templateKind(language: string, kind: string): TemplateKind {
  for (const known of languages)
    if (known === language)
      for (const each of templateKinds[known]) if (each === kind) return { language: known, kind: each };
  const pairs = languages.map((each) => `${each} (${templateKinds[each].join(', ')})`).join(', ');
  throw new AffinisError('invalid-argument', `no template for a ${kind} in ${language}; there are: ${pairs}`, {
    field: languages.some((each) => each === language) ? 'kind' : 'language',
    reason: 'NO_TEMPLATE',
  });
}
