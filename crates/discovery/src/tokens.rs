//! How text becomes terms: words of letters and digits in lower case with English stems, and, since Chinese has no
//! spaces, every character and every pair of neighbours.
//!
//! A dictionary would cut Chinese better and costs 32 MB and a list to keep; pairs find every word of two characters
//! and need none. A search for more characters asks for all its pairs. What keyboards do differently is folded away on
//! both sides: width, composed and decomposed letters, accents on Latin letters, traditional characters.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use tantivy::tokenizer::{Language, Stemmer, TextAnalyzer, Token, TokenStream, Tokenizer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The name under which the index knows the analyzer of its texts.
pub(crate) const ANALYZER: &str = "goods";
/// And that of the words as they are written, which typing is corrected by.
pub(crate) const SPELT: &str = "spelt";
/// More of a search is not read; the field's own limit is lower (SearchWords: 100).
const SEARCH_CHARS_MAX: usize = 200;
const SEARCH_TERMS_MAX: usize = 24;
/// Longer words are compared by their beginning.
const WORD_CHARS_MAX: usize = 40;

/// Words that say nothing about goods; not looked for, unless nothing else was typed.
const EMPTY_WORDS: [&str; 14] =
    ["a", "an", "and", "by", "for", "from", "in", "of", "on", "or", "s", "the", "to", "with"];
/// The particle that ties what describes to what is described.
const PARTICLE: char = '的';

pub(crate) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(Goods { only_spelt: false }).filter(Stemmer::new(Language::English)).build()
}

/// Only the words of scripts that write spaces, unstemmed. One with a digit is a size or a number of a model: the next
/// such is another thing, and no way to spell this one.
pub(crate) fn spelt() -> TextAnalyzer {
    TextAnalyzer::builder(Goods { only_spelt: true }).build()
}

pub(crate) fn says_nothing(word: &str) -> bool {
    EMPTY_WORDS.contains(&word)
}

/// Whether a word can be misspelt, and not only be another.
pub(crate) fn is_spelt(word: &str) -> bool {
    word.chars().count() >= 2 && word.chars().all(char::is_alphabetic)
}

pub(crate) fn stem(word: &str) -> String {
    let mut stemmed = TextAnalyzer::builder(tantivy::tokenizer::RawTokenizer::default())
        .filter(Stemmer::new(Language::English))
        .build();
    let mut stream = stemmed.token_stream(word);
    if stream.advance() { stream.token().text.clone() } else { String::new() }
}

/// What was typed, cut into parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Typed {
    /// In the composed form of the letters, and no longer than is read.
    pub text: String,
    pub parts: Vec<Part>,
}

/// A run of one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Where it stands in the text.
    pub at: Range<usize>,
    pub kind: Kind,
    /// Folded and in lower case; of Chinese without the particle.
    pub text: String,
}

impl Typed {
    pub fn read(words: &str) -> Typed {
        let text = composed(words.chars().take(SEARCH_CHARS_MAX));
        let mut parts = Vec::new();
        for run in runs(&text) {
            let kind = Kind::of(run[0].1);
            let pieces: Vec<&[(usize, char)]> = match kind {
                Kind::Unspaced if run.iter().any(|&(_, c)| c != PARTICLE) => {
                    run.split(|&(_, c)| c == PARTICLE).filter(|piece| !piece.is_empty()).collect()
                }
                _ => vec![&run[..]],
            };
            for piece in pieces {
                let (Some(&(from, _)), Some(&(last, c))) = (piece.first(), piece.last()) else { continue };
                let read = if kind == Kind::Spaced { &piece[..piece.len().min(WORD_CHARS_MAX)] } else { piece };
                parts.push(Part { at: from..last + c.len_utf8(), kind, text: folded(read) });
            }
        }
        if parts.iter().any(|part| !says_nothing(&part.text)) {
            parts.retain(|part| !says_nothing(&part.text));
        }
        Typed { text, parts }
    }

    /// The terms of a search, each once, in the order typed.
    pub fn terms(&self) -> Vec<String> {
        let mut terms = Vec::new();
        for term in self.parts.iter().flat_map(Part::terms) {
            if !terms.contains(&term) {
                terms.push(term);
            }
        }
        terms.truncate(SEARCH_TERMS_MAX);
        terms
    }

    /// The text with other words in the place of some; `by` goes upwards.
    pub fn replaced(&self, by: &[(Range<usize>, String)]) -> String {
        let mut text = String::new();
        let mut from = 0;
        for (at, words) in by {
            text.push_str(&self.text[from..at.start]);
            text.push_str(words);
            from = at.end;
        }
        text.push_str(&self.text[from..]);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl Part {
    /// A word's stem; the pairs of a Chinese run, or its one character.
    pub fn terms(&self) -> Vec<String> {
        match self.kind {
            Kind::Unspaced => {
                let chars: Vec<char> = self.text.chars().collect();
                match chars.len() {
                    1 => vec![self.text.clone()],
                    _ => chars.windows(2).map(|pair| pair.iter().collect()).collect(),
                }
            }
            _ => vec![stem(&self.text)],
        }
    }
}

#[derive(Clone)]
struct Goods {
    only_spelt: bool,
}

impl Tokenizer for Goods {
    type TokenStream<'a> = Cut;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Cut {
        let text = composed(text.chars());
        let mut cut = Cut { tokens: Vec::new(), at: 0 };
        for run in runs(&text) {
            match Kind::of(run[0].1) {
                Kind::Unspaced if self.only_spelt => {}
                Kind::Unspaced => {
                    for at in 0..run.len() {
                        cut.push(folded(&run[at..=at]));
                        if let Some(pair) = run.get(at..at + 2) {
                            cut.push(folded(pair));
                        }
                    }
                }
                _ => {
                    let word = folded(&run[..run.len().min(WORD_CHARS_MAX)]);
                    if !self.only_spelt || is_spelt(&word) {
                        cut.push(word);
                    }
                }
            }
        }
        cut
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Between,
    /// Letters and digits of scripts that write spaces.
    Spaced,
    /// Chinese characters, kana, hangul.
    Unspaced,
}

impl Kind {
    fn of(c: char) -> Kind {
        match c {
            '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7af}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}'
            | '\u{3007}' => Kind::Unspaced,
            c if c.is_alphanumeric() => Kind::Spaced,
            _ => Kind::Between,
        }
    }
}

/// One form of each letter: composed, and of the usual width. No more than that: `™` is no `TM`.
fn composed(text: impl Iterator<Item = char>) -> String {
    let widened = text.flat_map(|c| match c {
        '\u{ff00}'..='\u{ffef}' => std::iter::once(c).nfkc().collect::<Vec<_>>(),
        _ => vec![c],
    });
    widened.nfc().collect()
}

/// The text in runs of one kind, without what is between them. None is empty.
fn runs(text: &str) -> Vec<Vec<(usize, char)>> {
    let mut runs: Vec<Vec<(usize, char)>> = Vec::new();
    let mut last = Kind::Between;
    for (at, c) in text.char_indices() {
        let kind = Kind::of(c);
        if kind != Kind::Between {
            match runs.last_mut() {
                Some(run) if last == kind => run.push((at, c)),
                _ => runs.push(vec![(at, c)]),
            }
        }
        last = kind;
    }
    runs
}

fn folded(run: &[(usize, char)]) -> String {
    let mut text = String::with_capacity(run.len() * 3);
    for &(_, c) in run {
        match c {
            _ if c.is_ascii() => text.push(c.to_ascii_lowercase()),
            '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
                text.extend(std::iter::once(c).nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase));
            }
            _ if Kind::of(c) == Kind::Unspaced => text.push(SIMPLIFIED.get(&c).copied().unwrap_or(c)),
            _ => text.extend(c.to_lowercase()),
        }
    }
    text
}

/// Traditional characters and the simplified ones that stand for them. One by one, as texts are cut here: a phrase that
/// keeps its traditional form would be another beside its own parts.
static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let Ok(converter) = OpenCC::from_config(BuiltinConfig::T2s) else {
        tracing::error!("traditional characters are not folded: the dictionary inside the program cannot be read");
        return HashMap::new();
    };
    let chinese = ('\u{3400}'..='\u{9fff}').chain('\u{20000}'..='\u{323af}');
    let simplified = |traditional: char| {
        let converted = converter.convert(traditional.encode_utf8(&mut [0; 4]));
        let mut chars = converted.chars();
        chars.next().filter(|one| chars.next().is_none() && *one != traditional)
    };
    chinese.filter_map(|traditional| Some((traditional, simplified(traditional)?))).collect()
});

struct Cut {
    tokens: Vec<Token>,
    /// How many have been handed out.
    at: usize,
}

impl Cut {
    /// Where a token stood is asked by nobody.
    fn push(&mut self, text: String) {
        let position = self.tokens.len();
        self.tokens.push(Token { offset_from: 0, offset_to: 0, position, text, position_length: 1 });
    }
}

impl TokenStream for Cut {
    fn advance(&mut self) -> bool {
        self.at += 1;
        self.at <= self.tokens.len()
    }

    fn token(&self) -> &Token {
        &self.tokens[self.at - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokens[self.at - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(mut by: TextAnalyzer, text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        by.token_stream(text).process(&mut |token| terms.push(token.text.clone()));
        terms
    }

    fn indexed(text: &str) -> Vec<String> {
        tokens(analyzer(), text)
    }

    fn of_search(words: &str) -> Vec<String> {
        Typed::read(words).terms()
    }

    #[test]
    fn english_is_stemmed_in_lower_case() {
        assert_eq!(indexed("Metal BUTTONS, 20mm (shanks)"), ["metal", "button", "20mm", "shank"]);
        assert_eq!(of_search("button buttons Button"), ["button"]);
    }

    #[test]
    fn chinese_is_held_by_characters_and_pairs_and_searched_by_pairs() {
        assert_eq!(indexed("不锈钢"), ["不", "不锈", "锈", "锈钢", "钢"]);
        assert_eq!(of_search("不锈钢"), ["不锈", "锈钢"]);
        assert_eq!(of_search("钢"), ["钢"]);
        assert_eq!(of_search("红色的纽扣"), ["红色", "纽扣"]);
        assert_eq!(of_search("的"), ["的"]);
    }

    #[test]
    fn scripts_part_where_they_meet_and_wide_letters_are_narrow() {
        assert_eq!(of_search("304不锈"), ["304", "不锈"]);
        assert_eq!(of_search("Ｍ８螺丝"), ["m8", "螺丝"]);
        assert_eq!(of_search("Core™2"), ["core", "2"]);
        // Half-width kana, as old keyboards send them.
        assert_eq!(of_search("ﾎﾞﾀﾝ"), of_search("ボタン"));
    }

    #[test]
    fn traditional_characters_are_simplified_ones() {
        assert_eq!(of_search("不鏽鋼鈕釦"), of_search("不锈钢钮扣"));
        assert_eq!(indexed("髮夾"), indexed("发夹"));
        // A phrase that keeps a traditional character is cut as its characters are: whatever stands around it.
        assert_eq!(of_search("乾隆瓷"), of_search("干隆瓷"));
    }

    #[test]
    fn accents_are_no_other_letters() {
        assert_eq!(of_search("jalapeño crème"), ["jalapeno", stem("creme").as_str()]);
        // Composed or not.
        assert_eq!(of_search("cafe\u{301}"), indexed("café"));
    }

    #[test]
    fn empty_words_are_looked_for_only_alone() {
        assert_eq!(of_search("buttons for the shirt"), ["button", "shirt"]);
        assert_eq!(of_search("the"), ["the"]);
        assert!(of_search(" \u{0} +-:^~*?()[]{}\"\\/ ").is_empty());
    }

    #[test]
    fn words_to_spell_by_are_whole_and_without_digits() {
        assert_eq!(tokens(spelt(), "Batteries 18650 x M8, 不锈钢"), ["batteries"]);
    }

    #[test]
    fn other_words_take_the_place_of_some() {
        let typed = Typed::read("brass  buttosn, 20 mm");
        let at = typed.parts[1].at.clone();
        assert_eq!(typed.replaced(&[(at, "buttons".to_owned())]), "brass buttons, 20 mm");
    }

    #[test]
    fn a_long_search_is_cut() {
        assert!(of_search(&"钢铁是怎样炼成".repeat(10_000)).len() <= SEARCH_TERMS_MAX);
        assert_eq!(of_search(&"x".repeat(100_000)), ["x".repeat(WORD_CHARS_MAX)]);
    }
}
