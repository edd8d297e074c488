//! What was probably meant, where nothing has what was typed: from the words that stand in titles and labels, and from
//! nothing that anybody ever searched (2.2.2-c.1).
//!
//! English: one edit in words from three letters on, two from six on, a transposition counting as one; a space too many
//! or too few. Chinese: one wrong character in a run of three or more, between characters that go with another one.

use std::collections::HashMap;
use std::ops::Range;

use tantivy::Term;
use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;

use crate::search::Asked;
use crate::tokens::{self, Kind, Part, Typed};

/// Readings that are tried, most likely first.
const READINGS_MAX: usize = 3;
const WORDS_MAX: usize = 4;
const ONE_EDIT_FROM: usize = 3;
const TWO_EDITS_FROM: usize = 6;
const CANDIDATES_MAX: usize = 30;
const CHARACTERS_MAX: usize = 100;

/// The terms with the pairs that no goods have taken apart into their characters; none where all pairs are known.
pub(crate) fn parted(asked: &Asked, typed: &Typed) -> tantivy::Result<Option<Vec<String>>> {
    let mut terms: Vec<String> = Vec::new();
    let mut any = false;
    for part in &typed.parts {
        let pairs = part.terms();
        if part.kind != Kind::Unspaced || part.text.chars().count() < 2 {
            terms.extend(pairs);
            continue;
        }
        let known: Vec<bool> = pairs.iter().map(|pair| asked.is_known(pair)).collect::<tantivy::Result<_>>()?;
        any |= known.contains(&false);
        let chars: Vec<char> = part.text.chars().collect();
        for (at, c) in chars.iter().enumerate() {
            let held = |pair: Option<usize>| pair.and_then(|pair| known.get(pair)).copied().unwrap_or(false);
            if !held(at.checked_sub(1)) && !held(Some(at)) {
                terms.push(c.to_string());
            }
            if held(Some(at)) {
                terms.push(pairs[at].clone());
            }
        }
    }
    let mut each: Vec<String> = Vec::new();
    for term in terms {
        if !each.contains(&term) {
            each.push(term);
        }
    }
    Ok(any.then_some(each))
}

/// Other words for the whole of what was typed, most likely first. That goods have all of them is not yet known.
pub(crate) fn readings(asked: &Asked, typed: &Typed) -> tantivy::Result<Vec<String>> {
    /// A place in the text, and what may stand there.
    type Choice = (Range<usize>, Vec<String>);
    let mut choices: Vec<Choice> = Vec::new();
    for part in &typed.parts {
        if choices.len() == WORDS_MAX {
            break;
        }
        let others = match part.kind {
            Kind::Unspaced => other_characters(asked, part)?,
            _ if asked.is_known(&tokens::stem(&part.text))? => Vec::new(),
            _ => other_words(asked, &part.text)?,
        };
        if !others.is_empty() {
            choices.push((part.at.clone(), others));
        }
    }
    let mut readings: Vec<String> = Vec::new();
    let mut add = |by: &[(Range<usize>, String)]| {
        let reading = typed.replaced(by);
        if !by.is_empty() && readings.len() < READINGS_MAX && !readings.contains(&reading) {
            readings.push(reading);
        }
    };
    for (at, joined) in joined(asked, typed)?.into_iter().take(2) {
        let apart = |of: &Range<usize>| of.end <= at.start || of.start >= at.end;
        let others = choices.iter().filter(|(of, _)| apart(of)).map(|(of, words)| (of.clone(), words[0].clone()));
        let mut by: Vec<_> = others.chain([(at.clone(), joined)]).collect();
        by.sort_unstable_by_key(|(of, _)| of.start);
        add(&by);
    }
    for n in 0..READINGS_MAX {
        let word = |words: &[String]| words.get(n).or(words.last()).cloned();
        let by: Vec<_> = choices.iter().filter_map(|(of, words)| Some((of.clone(), word(words)?))).collect();
        add(&by);
    }
    Ok(readings)
}

/// Neighbours that goods write as one word.
fn joined(asked: &Asked, typed: &Typed) -> tantivy::Result<Vec<(Range<usize>, String)>> {
    let mut found = Vec::new();
    for pair in typed.parts.windows(2) {
        let [one, two] = pair else { continue };
        if one.kind == Kind::Spaced && two.kind == Kind::Spaced {
            let joined = format!("{}{}", one.text, two.text);
            if asked.is_known(&tokens::stem(&joined))? {
                found.push((one.at.start..two.at.end, joined));
            }
        }
    }
    Ok(found)
}

/// For a word that no goods have: what it may have been meant to be.
fn other_words(asked: &Asked, word: &str) -> tantivy::Result<Vec<String>> {
    let mut others = split(asked, word)?;
    let long = word.chars().count();
    if tokens::is_spelt(word) && long >= ONE_EDIT_FROM {
        let mut near = ranked(asked, word, 1)?;
        if near.is_empty() && long >= TWO_EDITS_FROM {
            near = ranked(asked, word, 2)?;
            // Two edits and another beginning make any word of another.
            near.retain(|other| other.chars().next() == word.chars().next());
        }
        others.extend(near);
    }
    others.truncate(READINGS_MAX);
    Ok(others)
}

/// Words that stand in titles and labels, so many edits away.
fn ranked(asked: &Asked, word: &str, edits: u8) -> tantivy::Result<Vec<String>> {
    let spelt = asked.fields().spelt;
    let mut near: Vec<(String, u64)> = near(asked, spelt, word, edits)?.into_iter().collect();
    near.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    near.truncate(CANDIDATES_MAX);
    let mut scored: Vec<(f64, String)> = Vec::new();
    for (other, _) in near {
        // Only among those that can be found: what waits for a merge differs from process to process.
        let goods = asked.frequency(spelt, &other)?;
        if goods > 0 {
            scored.push(((goods as f64).ln() + likeness(word, &other), other));
        }
    }
    scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    Ok(scored.into_iter().map(|(_, other)| other).collect())
}

/// How readily a hand makes the one of the other, beside the number of edits.
fn likeness(typed: &str, meant: &str) -> f64 {
    let letters = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    let undoubled = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.dedup();
        letters
    };
    let mut score = 0.0;
    if typed.chars().next() == meant.chars().next() {
        score += 3.0;
    }
    // Two letters in the wrong order; one too many or too few of two.
    if letters(typed) == letters(meant) || undoubled(typed) == undoubled(meant) {
        score += 3.0;
    }
    score
}

fn near(asked: &Asked, field: Field, word: &str, edits: u8) -> tantivy::Result<HashMap<String, u64>> {
    let query = FuzzyTermQuery::new(Term::from_field_text(field, word), edits, true);
    let mut found: HashMap<String, u64> = HashMap::new();
    for segment in asked.searcher.segment_readers() {
        let inverted = segment.inverted_index(field)?;
        let mut stream = inverted.terms().search(query.automaton()?).into_stream()?;
        while stream.advance() {
            if let Ok(other) = std::str::from_utf8(stream.key()) {
                *found.entry(other.to_owned()).or_default() += u64::from(stream.value().doc_freq);
            }
        }
    }
    Ok(found)
}

/// Two words that are written as one: `stainlesssteel`, `20mm`. The likeliest first.
fn split(asked: &Asked, word: &str) -> tantivy::Result<Vec<String>> {
    let is_spelt = tokens::is_spelt(word);
    let mut found: Vec<(usize, String)> = Vec::new();
    let ends: Vec<usize> = word.char_indices().map(|(at, _)| at).skip(1).collect();
    for at in ends {
        let (one, two) = word.split_at(at);
        let ends_in_digit = one.ends_with(|c: char| c.is_numeric());
        let begins_with_digit = two.starts_with(|c: char| c.is_numeric());
        let short = |part: &str| part.chars().count() < 3;
        let fits = if is_spelt {
            // `t shirt`, but not `s hirts`.
            !short(two) && !tokens::says_nothing(one) && !tokens::says_nothing(two)
        } else {
            ends_in_digit != begins_with_digit
        };
        if !fits {
            continue;
        }
        let terms = [tokens::stem(one), tokens::stem(two)];
        let fields = asked.fields();
        let mut stands = true;
        for term in &terms {
            stands = stands && asked.frequency(fields.title, term)? + asked.frequency(fields.labels, term)? > 0;
        }
        if stands {
            let goods = asked.have_all(&terms)?;
            if goods > 0 {
                found.push((goods, format!("{one} {two}")));
            }
        }
    }
    found.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found.truncate(2);
    Ok(found.into_iter().map(|(_, words)| words).collect())
}

/// For a run of Chinese in which one character goes with none of its neighbours: runs with another there.
fn other_characters(asked: &Asked, part: &Part) -> tantivy::Result<Vec<String>> {
    let chars: Vec<char> = part.text.chars().collect();
    if chars.len() < 3 {
        return Ok(Vec::new());
    }
    let known: Vec<bool> = part.terms().iter().map(|pair| asked.is_known(pair)).collect::<tantivy::Result<_>>()?;
    let last = chars.len() - 1;
    // Between two pairs that are unknown; or at an end, beside a pair that is known.
    let inner = (1..last).find(|at| !known[at - 1] && !known[*at]);
    let wrong = match inner {
        Some(at) => at,
        None if !known[0] && known[1] => 0,
        None if !known[last - 1] && known[last - 2] => last,
        None => return Ok(Vec::new()),
    };
    let title = asked.fields().title;
    let mut others: HashMap<char, u64> = HashMap::new();
    let mut note = |pair: &str, goods: u64, at: usize| {
        let pair: Vec<char> = pair.chars().collect();
        if pair.len() == 2 {
            *others.entry(pair[at]).or_default() += goods;
        }
    };
    match wrong {
        0 => {
            let pair: String = chars[..2].iter().collect();
            for (other, goods) in near(asked, title, &pair, 1)? {
                if other.ends_with(chars[1]) {
                    note(&other, goods, 0);
                }
            }
        }
        at => {
            let before = chars[at - 1].to_string();
            asked.beginning(title, &before, usize::MAX, |pair, goods| note(pair, goods, 1))?;
        }
    }
    let mut others: Vec<(char, u64)> = others.into_iter().collect();
    others.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    others.truncate(CHARACTERS_MAX);
    let mut found: Vec<(usize, String)> = Vec::new();
    for (other, _) in others {
        let mut run = chars.clone();
        run[wrong] = other;
        // The pairs that it makes, and those that were known before.
        let pairs: Vec<String> = run
            .windows(2)
            .enumerate()
            .filter(|(at, _)| known[*at] || *at == wrong || at + 1 == wrong)
            .map(|(_, pair)| pair.iter().collect())
            .collect();
        let goods = asked.have_all(&pairs)?;
        if goods > 0 {
            found.push((goods, run.into_iter().collect()));
        }
    }
    found.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found.truncate(READINGS_MAX);
    Ok(found.into_iter().map(|(_, run)| run).collect())
}
