import { siteInWords, type Site } from '../../findings/index.ts';
import de from './de.json' with { type: 'json' };
import en from './en.json' with { type: 'json' };
import es from './es.json' with { type: 'json' };
import fr from './fr.json' with { type: 'json' };

/** The words of pictures and documents in one language. */
export interface Words {
  /** The text of a key, `{name}` filled in. */
  readonly say: (key: Key, values?: Readonly<Record<string, string | number>>) => string;
  /** A number as that language writes it. */
  readonly number: (value: number, digits: number) => string;
  /** Two digits, and never a certainty that rounding made: ">0.99", "<0.01". */
  readonly probability: (value: number) => string;
  /** An anatomical site with its side; a site without a translation by its Code Meaning. */
  readonly place: (site: Site) => string;
}

export type Key = keyof typeof en;
export type Language = keyof typeof languages;

/** Every key in every language: a language that lacks one does not compile. */
const languages = { en, de, es, fr } as const satisfies Readonly<
  Record<string, Readonly<Record<Key, string>>>
>;

/** English where nothing is said. */
export function wordsIn(language: Language = 'en'): Words {
  const texts = languages[language];
  const say: Words['say'] = (key, values = {}) =>
    texts[key].replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all));
  const number: Words['number'] = (value, digits) =>
    value.toLocaleString(language, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      useGrouping: false,
    });
  return {
    say,
    number,
    probability: (value) => {
      if (value >= 0.995) return `>${number(0.99, 2)}`;
      return value < 0.005 ? `<${number(0.01, 2)}` : number(value, 2);
    },
    place: ({ laterality, ...site }) => {
      const key = ['site', site.value, ...(site.modifier === undefined ? [] : [site.modifier.value])].join(
        '.',
      );
      const name = isKey(key) ? say(key) : siteInWords(site);
      return `${name}, ${laterality === null ? say('sideNotTold') : say(laterality)}`;
    },
  };
}

function isKey(key: string): key is Key {
  return key in en;
}
