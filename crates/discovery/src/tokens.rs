//! How text becomes terms: words of letters and digits in lower case with English stems, and, since Chinese has no
//! spaces, every character and every pair of neighbours.
//!
//! A dictionary would cut Chinese better and costs 32 MB and a list to keep; pairs find every word of two characters
//! and need none. A search for more characters asks for all its pairs.

use tantivy::tokenizer::{Language, Stemmer, TextAnalyzer, Token, TokenStream, Tokenizer};

/// The name under which the index knows the analyzer.
pub(crate) const ANALYZER: &str = "goods";
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
    TextAnalyzer::builder(Goods { searching: false }).filter(Stemmer::new(Language::English)).build()
}

/// The terms of a search, each once, in the order typed.
pub(crate) fn of_search(words: &str) -> Vec<String> {
    let words: String = words.chars().take(SEARCH_CHARS_MAX).collect();
    let plain = Goods { searching: true };
    let mut stemmed = TextAnalyzer::builder(plain).filter(Stemmer::new(Language::English)).build();
    let mut terms: Vec<String> = Vec::new();
    stemmed.token_stream(&words).process(&mut |token| {
        if !terms.contains(&token.text) {
            terms.push(token.text.clone());
        }
    });
    if terms.iter().any(|term| !EMPTY_WORDS.contains(&&**term)) {
        terms.retain(|term| !EMPTY_WORDS.contains(&&**term));
    }
    terms.truncate(SEARCH_TERMS_MAX);
    terms
}

#[derive(Clone)]
struct Goods {
    /// A search asks for pairs only, where there are any; the index also holds single characters.
    searching: bool,
}

impl Tokenizer for Goods {
    type TokenStream<'a> = Cut;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Cut {
        let mut cut = Cut { tokens: Vec::new(), at: 0 };
        let mut run: Vec<(usize, char)> = Vec::new();
        for (at, typed) in text.char_indices() {
            let c = half_width(typed);
            let kind = Kind::of(c);
            if run.last().is_some_and(|&(_, last)| Kind::of(last) != kind) {
                cut.add(&run, self.searching);
                run.clear();
            }
            if kind != Kind::Between {
                run.push((at, c));
            }
        }
        cut.add(&run, self.searching);
        cut
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
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

/// Chinese keyboards type `Ｍ８` as readily as `M8`.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

struct Cut {
    tokens: Vec<Token>,
    /// How many have been handed out.
    at: usize,
}

impl Cut {
    fn add(&mut self, run: &[(usize, char)], searching: bool) {
        let Some(&(_, first)) = run.first() else { return };
        if Kind::of(first) == Kind::Spaced {
            self.push(&run[..run.len().min(WORD_CHARS_MAX)]);
            return;
        }
        if !searching {
            for at in 0..run.len() {
                self.push(&run[at..=at]);
                self.push_pair(run, at);
            }
            return;
        }
        let parts = || run.split(|&(_, c)| c == PARTICLE).filter(|part| !part.is_empty());
        if parts().next().is_none() {
            return self.push(&run[..1]);
        }
        for part in parts() {
            if part.len() == 1 {
                self.push(part);
            }
            for at in 0..part.len() {
                self.push_pair(part, at);
            }
        }
    }

    fn push_pair(&mut self, run: &[(usize, char)], at: usize) {
        if let Some(pair) = run.get(at..at + 2) {
            self.push(pair);
        }
    }

    fn push(&mut self, chars: &[(usize, char)]) {
        let (Some(&(from, _)), Some(&(last, c))) = (chars.first(), chars.last()) else { return };
        self.tokens.push(Token {
            offset_from: from,
            offset_to: last + c.len_utf8(),
            position: self.tokens.len(),
            text: chars.iter().flat_map(|(_, c)| c.to_lowercase()).collect(),
            position_length: 1,
        });
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

    fn indexed(text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        analyzer().token_stream(text).process(&mut |token| terms.push(token.text.clone()));
        terms
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
    }

    #[test]
    fn empty_words_are_looked_for_only_alone() {
        assert_eq!(of_search("buttons for the shirt"), ["button", "shirt"]);
        assert_eq!(of_search("the"), ["the"]);
        assert!(of_search(" \u{0} +-:^~*?()[]{}\"\\/ ").is_empty());
    }

    #[test]
    fn a_long_search_is_cut() {
        assert!(of_search(&"钢铁是怎样炼成".repeat(10_000)).len() <= SEARCH_TERMS_MAX);
        assert_eq!(of_search(&"x".repeat(100_000)), ["x".repeat(WORD_CHARS_MAX)]);
    }
}
